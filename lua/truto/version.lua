--- The one place where the version stands; the User-Agent, `truto._VERSION`
--- and the names of released rocks are made from it.
return "0.1.0"
