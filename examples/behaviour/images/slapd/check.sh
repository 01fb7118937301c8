container
wait_port 18300
url=ldap://127.0.0.1:18300 suffix=dc=example,dc=test
search() { client ldapsearch -LLL -o ldif-wrap=no -H $url -x "$@" 2>&1; }
client ldapwhoami -H $url -x -D cn=admin,$suffix -w admin
client ldapwhoami -H $url -x -D uid=sha,ou=people,$suffix -w secret
client ldapwhoami -H $url -x -D uid=sha,ou=people,$suffix -w wrong 2>&1 || true
client ldapwhoami -H $url -Y DIGEST-MD5 -U plain -w secret 2>/dev/null || echo "digest $?"
client ldapwhoami -H $url -Y SCRAM-SHA-256 -U plain -w secret 2>/dev/null || echo "scram $?"
search -s base -b '' supportedSASLMechanisms supportedExtension | sort
client env LDAPTLS_CACERT=/app/tls/ca.crt ldapsearch -LLL -ZZ -x -H $url -b $suffix '(cn=sha*)' cn
printf 'dn: cn=team,%s\nobjectClass: groupOfNames\ncn: team\nmember: uid=sha,ou=people,%s\n\n' $suffix $suffix > "$space/client/root/add.ldif"
printf 'dn: uid=new,ou=people,%s\nobjectClass: inetOrgPerson\nuid: new\ncn: New\nsn: New\nmail: sha@example.test\n' $suffix > "$space/client/root/double.ldif"
admin() { local what=$1; shift; client "$what" -H $url -x -D cn=admin,$suffix -w admin "$@" 2>&1 || echo "$what $?"; }
admin ldapadd -f /add.ldif
admin ldapadd -f /double.ldif
search -b $suffix uid=sha memberOf
search -b $suffix cn=all member
client ldappasswd -H $url -x -D uid=sha,ou=people,$suffix -w secret -s new 2>&1 || echo "password $?"
client ldappasswd -H $url -x -D uid=sha,ou=people,$suffix -w secret -s newsecret 2>&1 || echo "password $?"
client ldapwhoami -H $url -x -D uid=sha,ou=people,$suffix -w newsecret
admin ldapsearch -LLL -b $suffix uid=sha userPassword | grep -c userPassword
admin ldapsearch -LLL -b cn=log '(reqType=*)' reqType | grep -c reqType
search -E sync=ro -b $suffix -s base dn | grep -v cookie
search -b ou=virtual,dc=perl uid=someone
search -b cn=Backends,cn=Monitor -s one monitoredInfo | sort -u
kill -TERM "$container_pid"
wait "$container_pid" || echo "ended $?"
