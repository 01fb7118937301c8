// Answers with what the Go library reads by itself: certificates, time zones, users, groups, services, names, types of files.
package main

import (
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"os/user"
	"time"
)

func main() {
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		moment := time.Unix(1750500000, 0)
		for _, name := range []string{"Europe/Berlin", request.URL.Query().Get("zone")} {
			zone, err := time.LoadLocation(name)
			if err != nil {
				fmt.Fprintln(answer, "zone", err)
				continue
			}
			fmt.Fprintln(answer, "time", moment.In(zone).Format(time.RFC3339))
		}
		fmt.Fprintln(answer, "local", moment.Format("15:04 MST"))
		self, err := user.Current()
		fmt.Fprintln(answer, "user", self, err)
		group, err := user.LookupGroup("www-data")
		fmt.Fprintln(answer, "group", group, err)
		port, err := net.LookupPort("tcp", "imaps")
		fmt.Fprintln(answer, "service", port, err)
		names, err := net.LookupHost("localhost")
		fmt.Fprintln(answer, "name", names, err)
		fmt.Fprintln(answer, "type", mime.TypeByExtension(".flac"))
	})
	http.HandleFunc("/fetch", func(answer http.ResponseWriter, request *http.Request) {
		response, err := http.Get("https://localhost:18443/hello.txt")
		if err != nil {
			fmt.Fprintln(answer, "refused", err)
			return
		}
		defer response.Body.Close()
		io.Copy(answer, response.Body)
	})
	if err := http.ListenAndServe("127.0.0.1:"+os.Args[1], nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
