--- The folder of one sandbox, mode 0700: the FIFO on which the server says
--- that it is ready, and the certificate of its authority.
---
--- Whoever comes last removes it: the server when it ends, and the starter in
--- case the server was killed.

local M = {}

local READY, AUTHORITY = "/ready", "/ca.pem"

---@param folder string
---@return string path of the FIFO
function M.ready_file(folder) return folder .. READY end

---@param folder string
---@return string path of the authority's certificate, PEM
function M.authority_file(folder) return folder .. AUTHORITY end

--- Removes the folder; what is gone already is no error.
---@param folder string
function M.remove(folder)
  os.remove(folder .. READY)
  os.remove(folder .. AUTHORITY)
  os.remove(folder)
end

return M
