/* Answers each connection with facts that come from the C library's data: users, names, locale, time zone; and from a thread. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <locale.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#include <zlib.h>

static void *work(void *argument) { pthread_exit(argument); }

int main(int count, char **words) {
  int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(count > 1 ? words[1] : "0")), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 8)) { perror("listen"); return 1; }
  for (;;) {
    int peer = accept(listener, 0, 0);
    struct passwd *user = getpwuid(getuid());
    struct addrinfo *found = 0;
    pthread_t thread;
    void *result = 0;
    char line[64];
    time_t midsummer = 1750500000;
    int named = getaddrinfo("localhost", "80", 0, &found);
    pthread_create(&thread, 0, work, (void *)7);
    pthread_join(thread, &result);
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    strftime(line, sizeof line, "%H:%M", localtime(&midsummer));
    dprintf(peer, "user %s\nname %d\nlocale %s\nthread %ld\ntime %s\nsum %lu\n", user ? user->pw_name : "?", named, setlocale(LC_ALL, "C.UTF-8") ? "yes" : "no",
            (long)result, line, crc32(0, (const unsigned char *)"slim", 4));
    close(peer);
  }
}
