local M = {}
function M.reverse(text) return text:reverse() .. #M.text end
return M
