addNTA("plain.test")
addNTA("file.test")
rpzFile("/etc/powerdns/rpz.zone", { policyName = "rpz" })
