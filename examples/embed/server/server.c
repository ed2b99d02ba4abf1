/* server.c: answers lines over a Unix socket. One model is shared by all threads; each connection has a
 * thread, a session and a deadline of its own.
 *
 *     ./server MODEL.aqm SOCKET [SECONDS]
 *
 * A line that comes in is a row of the model's input columns, with tabs between them. The line that goes out
 * is its answer as JSON, or {"error":…}. SECONDS: what a row may take, 1 unless said otherwise. SIGTERM and
 * SIGINT end the server when the rows at hand are answered. */
#define _GNU_SOURCE /* ppoll */
#include <aq.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
  CONNECTIONS = 256,  /* at once; more are told so */
  LONGEST = 64 << 10, /* bytes of a line */
  STACK = 256 << 10,  /* of a thread; see aq_host.h */
  PATIENCE = 10,      /* seconds that a client may leave its answers unread */
  ENDING = 1          /* seconds that it may so when the server ends */
};

struct connection {
  struct server *server;
  int fd;
  aq_session *session;
  aq_limits *limits;
  const char *line; /* that is answered now, with its newline; NULL: it was read */
  size_t length;
  char buffer[LONGEST];
  size_t held; /* bytes in the buffer */
  char *answer;
  size_t answered, room;
};

struct server {
  aq_model *model;
  double seconds;
  pthread_mutex_t lock; /* of what follows */
  pthread_cond_t left;  /* a connection has ended */
  int count;
  struct connection *at[CONNECTIONS]; /* NULL: free */
};

/* ---- one row ---- */

static ptrdiff_t read_line(void *context, char *buffer, size_t size) {
  struct connection *c = context;
  size_t taken = c->length < size ? c->length : size;
  memcpy(buffer, c->line, taken);
  c->line += taken;
  c->length -= taken;
  return (ptrdiff_t)taken;
}

static int keep_answer(void *context, const char *text, size_t length) {
  struct connection *c = context;
  if (c->room - c->answered < length) {
    size_t room = 2 * (c->answered + length);
    char *larger = realloc(c->answer, room);
    if (!larger) return 1;
    c->answer = larger;
    c->room = room;
  }
  memcpy(c->answer + c->answered, text, length);
  c->answered += length;
  return 0;
}

static void answer_error(struct connection *c, const char *error) {
  aq_shown *shown = aq_shown_new(false);
  char *text = NULL;
  c->answered = 0;
  aq_shown_text(shown, "error", NULL, error);
  if (aq_shown_write(shown, AQ_JSON, &text) == AQ_OK) {
    keep_answer(c, text, strlen(text));
    keep_answer(c, "\n", text[strlen(text) - 1] == '\n' ? 0 : 1);
  }
  aq_text_free(text);
  aq_shown_free(shown);
}

/* The time counts from here on: what a client takes to send a line is not the row's. */
static void answer_row(struct connection *c, const char *line, size_t length) {
  aq_predict_options options;
  aq_predict_options_init(&options);
  options.read = read_line;
  options.write = keep_answer;
  options.context = c;
  options.json = true;
  c->line = line;
  c->length = length;
  c->answered = 0;
  aq_limits_set(c->limits, c->server->seconds, 0, 0);
  int status = aq_session_predict_stream(c->session, &options);
  aq_limits_set(c->limits, 0, 0, 0);
  if (status == AQ_INTERRUPTED)
    answer_error(c, "the row took longer than it may");
  else if (status != AQ_OK)
    answer_error(c, aq_session_message(c->session)->text);
  else if (!c->answered)
    answer_error(c, "the line is empty");
}

/* ---- one connection ---- */

static bool send_answer(const struct connection *c) {
  for (size_t sent = 0; sent < c->answered;) {
    ssize_t n = send(c->fd, c->answer + sent, c->answered - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    sent += (size_t)n;
  }
  return true;
}

/* Answers the lines that have come in as a whole. */
static bool answer_lines(struct connection *c) {
  char *line = c->buffer, *end = c->buffer + c->held, *newline;
  while ((newline = memchr(line, '\n', (size_t)(end - line)))) {
    answer_row(c, line, (size_t)(newline + 1 - line));
    if (!send_answer(c)) return false;
    line = newline + 1;
  }
  c->held = (size_t)(end - line);
  memmove(c->buffer, line, c->held);
  return true;
}

static void answer_all(struct connection *c) {
  bool skipping = false; /* the rest of a line that was too long */
  for (;;) {
    ssize_t n = recv(c->fd, c->buffer + c->held, sizeof c->buffer - c->held, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0 && c->held && !skipping) c->buffer[c->held++] = '\n', answer_lines(c); /* the last line */
    if (n <= 0) return;
    c->held += (size_t)n;
    char *newline = skipping ? memchr(c->buffer, '\n', c->held) : NULL;
    if (skipping && !newline) {
      c->held = 0;
      continue;
    }
    if (skipping) {
      c->held -= (size_t)(newline + 1 - c->buffer);
      memmove(c->buffer, newline + 1, c->held);
      skipping = false;
    }
    if (!answer_lines(c)) return;
    if (c->held < sizeof c->buffer) continue;
    answer_error(c, "the line is too long");
    if (!send_answer(c)) return;
    skipping = true;
    c->held = 0;
  }
}

static bool make_session(struct connection *c) {
  aq_eval_options options;
  aq_eval_options_init(&options); /* one thread: this one */
  options.header = AQ_HEADER_NO;
  options.format = AQ_FORMAT_TSV;
  options.bad_rows = AQ_BAD_ROW_SKIP; /* an answer says what is wrong with them */
  options.batch = 1;
  c->limits = aq_limits_new();
  if (aq_session_new(c->server->model, &options, &c->session) == AQ_OK && c->limits) return true;
  answer_error(c, c->session ? aq_session_message(c->session)->text : "there is no memory");
  send_answer(c);
  return false;
}

static void *serve(void *given) {
  struct connection *c = given;
  struct server *server = c->server;
  if (make_session(c)) {
    aq_limits_use(c->limits);
    answer_all(c);
  }
  aq_session_free(c->session);
  aq_limits_free(c->limits);
  pthread_mutex_lock(&server->lock);
  for (int k = 0; k < CONNECTIONS; k++)
    if (server->at[k] == c) server->at[k] = NULL;
  close(c->fd);
  server->count--;
  pthread_cond_signal(&server->left);
  pthread_mutex_unlock(&server->lock);
  free(c->answer);
  free(c);
  return NULL;
}

/* ---- all of them ---- */

static void refuse(int fd, const char *why) {
  char line[200];
  int length = snprintf(line, sizeof line, "{\"error\":\"%s\"}\n", why);
  if (send(fd, line, (size_t)length, MSG_NOSIGNAL) < 0) perror("server");
  close(fd);
}

/* Under the lock, so that a thread that ends at once finds its place. */
static const char *begin_connection(struct server *server, int fd) {
  const struct timeval patience = {.tv_sec = PATIENCE};
  pthread_attr_t attributes;
  pthread_t thread;
  int place = 0;
  while (place < CONNECTIONS && server->at[place]) place++;
  if (place == CONNECTIONS) return "there are too many connections";
  struct connection *c = calloc(1, sizeof *c);
  if (!c) return "there is no memory";
  c->server = server;
  c->fd = fd;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  int failed = pthread_create(&thread, &attributes, serve, c);
  pthread_attr_destroy(&attributes);
  if (failed) {
    free(c);
    return "there is no thread for this connection";
  }
  server->at[place] = c;
  server->count++;
  return NULL;
}

static volatile sig_atomic_t stopped;
static void stop(int number) {
  (void)number;
  stopped = 1;
}

/* Signals come in while it waits, and at no other time: no thread of the server receives them. */
static int accept_all(struct server *server, int listening, const sigset_t *waiting) {
  struct pollfd ready = {.fd = listening, .events = POLLIN};
  while (!stopped) {
    if (ppoll(&ready, 1, NULL, waiting) < 0) {
      if (errno != EINTR) return perror("server"), AQ_IO;
      continue;
    }
    int fd = accept(listening, NULL, NULL);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE) usleep(10000); /* until another one ends */
      continue;
    }
    pthread_mutex_lock(&server->lock);
    const char *why = begin_connection(server, fd);
    pthread_mutex_unlock(&server->lock);
    if (why) refuse(fd, why);
  }
  return AQ_OK;
}

static void shut(const struct server *server, int how) {
  for (int k = 0; k < CONNECTIONS; k++)
    if (server->at[k]) shutdown(server->at[k]->fd, how);
}

/* Nothing more is read from the clients; what has come in is answered. Clients that do not read their answers
 * are left. */
static void end_connections(struct server *server) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += ENDING;
  pthread_mutex_lock(&server->lock);
  shut(server, SHUT_RD);
  for (int waited = 0; server->count > 0 && waited == 0;)
    waited = pthread_cond_timedwait(&server->left, &server->lock, &until);
  shut(server, SHUT_RDWR);
  while (server->count > 0) pthread_cond_wait(&server->left, &server->lock);
  pthread_mutex_unlock(&server->lock);
}

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    fprintf(stderr, "server: the path of a socket has at most %zu bytes\n", sizeof address.sun_path - 1);
    return -1;
  }
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 128) == 0)
    return fd;
  fprintf(stderr, "server: %s: %s\n", path, strerror(errno));
  if (fd >= 0) close(fd);
  return -1;
}

static int run(struct server *server, const char *path) {
  struct sigaction action = {.sa_handler = stop};
  sigset_t signals, before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  int listening = listen_at(path);
  if (listening < 0) return AQ_CANNOT_CREATE;
  printf("ready\n");
  fflush(stdout);
  int status = accept_all(server, listening, &before);
  close(listening);
  unlink(path);
  end_connections(server);
  return status;
}

int main(int argc, char **argv) {
  static struct server server = {
      .seconds = 1, .lock = PTHREAD_MUTEX_INITIALIZER, .left = PTHREAD_COND_INITIALIZER};
  if (argc == 4) server.seconds = strtod(argv[3], NULL);
  if (argc < 3 || argc > 4 || !(server.seconds > 0)) {
    fprintf(stderr, "usage: server MODEL.aqm SOCKET [SECONDS]\n");
    return AQ_USAGE;
  }
  int status = aq_model_load(argv[1], &server.model);
  if (status != AQ_OK) {
    const aq_message *message = aq_model_message(server.model);
    fprintf(stderr, "server: %s: %s\n", message->file, message->text);
  } else
    status = run(&server, argv[2]);
  aq_model_free(server.model);
  return status;
}
