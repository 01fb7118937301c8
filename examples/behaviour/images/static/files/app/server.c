/* A program that needs no library: answers each connection with the local time of a fixed moment, which comes from the time zones. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **words) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(count > 1 ? words[1] : "0")), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 8)) { perror("listen"); return 1; }
  for (;;) {
    int peer = accept(listener, 0, 0);
    time_t moment = 1750500000;
    char line[64];
    size_t size = strftime(line, sizeof line, "%H:%M\n", gmtime(&moment));
    if (write(peer, line, size) < 0) perror("write");
    dprintf(peer, "certificates %d\n", access("/etc/ssl/certs/ca-certificates.crt", R_OK));
    close(peer);
  }
}
