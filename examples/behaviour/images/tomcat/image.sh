# A container of servlets: pages that are compiled when they are asked for, a web archive, a data source by name.
packages="openjdk-17-jre-headless tomcat10 libh2-java"
bars="270 232"
config='{"Entrypoint":["docker-entrypoint.sh"],"Cmd":["run"],"Env":["PATH=/usr/share/tomcat10/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","HTTP_PORT=18180","GUEST_PASSWORD=secret","JAVA_OPTS=-Djava.awt.headless=true -Xmx128m","LANG=C.UTF-8"],"User":"tomcat"}'
install() {
  as_root mkdir -p "$root/usr/share/man/man1"
  add_packages $packages
}
application() {
  # Compiled by the image's own runtime; the archive is made by this machine.
  in_root "$root" sh -c 'chmod 755 /usr/local/bin/* && cd /app/src &&
    java -m jdk.compiler/com.sun.tools.javac.Main -encoding UTF-8 -cp "$(echo /usr/share/tomcat10/lib/*servlet-api*.jar | tr " " :)" -d /app/war/WEB-INF/classes app/Tools.java &&
    mkdir -p /srv/tomcat/webapps /srv/tomcat/logs /srv/tomcat/work /srv/tomcat/temp /srv/tomcat/lib && cp -r /etc/tomcat10 /srv/tomcat/conf && ln -s /usr/share/java/h2.jar /srv/tomcat/lib/h2.jar && rm -rf /app/src' >&2
  (cd "$root/app/war" && python3 -m zipfile -c "$root/srv/tomcat/webapps/ROOT.war" index.jsp part.jspf fails.jsp error.jsp wrong.jsp private WEB-INF META-INF)
  in_root "$root" sh -c 'rm -rf /app && chown -R tomcat:tomcat /srv/tomcat'
}
