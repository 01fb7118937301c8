#!/bin/bash
set -e
export CATALINA_HOME=${CATALINA_HOME:-/usr/share/tomcat10}
export CATALINA_BASE=${CATALINA_BASE:-/srv/tomcat}
if [ "$1" = run ]; then
  sed -i "s/port=\"8080\"/port=\"$HTTP_PORT\" address=\"127.0.0.1\"/" "$CATALINA_BASE/conf/server.xml"
  printf '<tomcat-users><role rolename="reader"/><user username="guest" password="%s" roles="reader"/></tomcat-users>\n' "$GUEST_PASSWORD" > "$CATALINA_BASE/conf/tomcat-users.xml"
  exec catalina.sh run
fi
exec "$@"
