--- The folder of one sandbox, mode 0700: the FIFO on which the server says
--- that it is ready and gives its answers, the FIFO on which it is asked, the
--- certificate of its authority, and the token for programs that are run with
--- the sandbox.
---
--- Whoever comes last removes it: the server when it ends, and the starter in
--- case the server was killed.

local M = {}

local READY, QUESTIONS = "/ready", "/questions"
local AUTHORITY, TOKEN = "/ca.pem", "/token"

---@param folder string
---@return string path of the FIFO
function M.ready_file(folder) return folder .. READY end

---@param folder string
---@return string path of the FIFO
function M.questions_file(folder) return folder .. QUESTIONS end

---@param folder string
---@return string path of a file with the token
function M.token_file(folder) return folder .. TOKEN end

---@param folder string
---@return string path of the authority's certificate, PEM
function M.authority_file(folder) return folder .. AUTHORITY end

--- Removes the folder; what is gone already is no error.
---@param folder string
function M.remove(folder)
  for _, name in ipairs { READY, QUESTIONS, AUTHORITY, TOKEN } do
    os.remove(folder .. name)
  end
  os.remove(folder)
end

return M
