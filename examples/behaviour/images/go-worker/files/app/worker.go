package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

type tool struct {
	name   string
	option string
}

// Tools by the ends of names.
var tools = map[string]tool{
	".pdf": {"pdftotext", "-v"},
	".xz":  {"xz", "--version"},
}

var history = "git"

const words = "/usr/share/dict/american-english-small"

func said(name string, arguments ...string) {
	out, err := exec.Command(name, arguments...).CombinedOutput()
	fmt.Printf("%s: %s %v\n", name, strings.SplitN(string(out), "\n", 2)[0], err)
}

func main() {
	said("jq", "-r", ".name", "/app/data.json")
	for _, end := range []string{".pdf", ".xz"} {
		said(tools[end].name, tools[end].option)
	}
	said(history, "--version")
	said("sh", "-c", "printf 'b 1\\na 2\\n' | sort | column -t")
	file, err := os.Open(words)
	if err != nil {
		fmt.Println(err)
		return
	}
	lines := bufio.NewScanner(file)
	count := 0
	for lines.Scan() {
		count++
	}
	fmt.Println(count, "words")
}
