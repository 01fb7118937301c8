import html, os, subprocess, urllib.parse
print("Content-Type: text/plain\n")
print("python", urllib.parse.parse_qs(os.environ["QUERY_STRING"]), html.escape("<"), flush=True)
subprocess.run(["id", "-un"])
