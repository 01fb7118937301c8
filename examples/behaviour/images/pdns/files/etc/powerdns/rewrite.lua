function preresolve(dq)
  if dq.qname:equal("ads.test") then
    dq:addAnswer(pdns.A, "192.0.2.99")
    return true
  end
  return false
end
