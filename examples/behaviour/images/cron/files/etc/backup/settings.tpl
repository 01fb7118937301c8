SOURCES="/srv/data /etc/backup"
DATABASE=/srv/data/app.db
