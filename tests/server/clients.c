/* clients.c: talks to examples/embed/server for its test.
 *
 *     clients SOCKET < LINES                          prints the answer to each line
 *     clients SOCKET LINES ANSWERS CLIENTS ROUNDS     so many at once ask each line so many times, and
 * compare clients SOCKET hold COUNT                       so many connections that say nothing, until it is
 * killed */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LONGEST = 1 << 17, MOST = 1000 };

static const char *path;
static char *line[MOST], *answer[MOST];
static int lines, rounds;
static atomic_int asked, wrong;

static FILE *connected(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    fprintf(stderr, "clients: %s: %s\n", path, strerror(errno));
    exit(1);
  }
  return fdopen(fd, "r+");
}

/* text ends with a newline. The answer is "" when the server has gone. */
static const char *ask(FILE *server, const char *text, char *room) {
  fputs(text, server);
  fflush(server);
  return fgets(room, LONGEST, server) ? room : "";
}

static void *be_client(void *given) {
  const int number = *(int *)given;
  char *room = malloc(LONGEST);
  FILE *server = connected();
  for (int k = 0; room && k < rounds * lines; k++) {
    int n = (k + 7 * number) % lines;
    const char *got = ask(server, line[n], room);
    if (!*got) break; /* and the answers are too few */
    atomic_fetch_add(&asked, 1);
    if (strcmp(got, answer[n]) != 0 && atomic_fetch_add(&wrong, 1) == 0)
      printf("client %d: %sgot    %swanted %s", number, line[n], got, answer[n]);
  }
  fclose(server);
  free(room);
  return NULL;
}

static int read_lines(const char *name, char **to) {
  char *room = malloc(LONGEST);
  FILE *file = fopen(name, "r");
  int count = 0;
  while (file && room && count < MOST && fgets(room, LONGEST, file)) to[count++] = strdup(room);
  if (file) fclose(file);
  free(room);
  return count;
}

static int compare(char **argv) {
  static pthread_t thread[MOST];
  static int number[MOST];
  const int clients = atoi(argv[4]);
  lines = read_lines(argv[2], line);
  rounds = atoi(argv[5]);
  if (lines == 0 || read_lines(argv[3], answer) != lines) {
    printf("as many answers as lines are needed\n");
    return 1;
  }
  for (int k = 0; k < clients; k++) {
    number[k] = k;
    if (pthread_create(&thread[k], NULL, be_client, &number[k]) != 0) return 1;
  }
  for (int k = 0; k < clients; k++) pthread_join(thread[k], NULL);
  printf("%d answers, %d wrong\n", asked, wrong);
  return wrong > 0;
}

int main(int argc, char **argv) {
  if (argc < 2) return 64;
  signal(SIGPIPE, SIG_IGN);
  path = argv[1];
  if (argc == 6) return compare(argv);
  if (argc == 4) {
    for (int k = atoi(argv[3]); k > 0; k--) connected();
    printf("held\n");
    fflush(stdout);
    pause();
  }
  static char text[LONGEST], room[LONGEST];
  FILE *server = connected();
  while (fgets(text, sizeof text, stdin)) fputs(ask(server, text, room), stdout);
  fclose(server);
  return 0;
}
