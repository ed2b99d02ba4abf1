/* picture_server.c: says what is in the pictures that come over a Unix socket.
 *
 *     ./pictures MODEL.aqm SOCKET [SECONDS]
 *
 * A client sends the bytes of a PNG or JPEG file, shuts its writing side, and reads a line of JSON. A few
 * threads share the model; each has a session and limits of its own. SECONDS: what a picture may take, 1
 * unless said otherwise. */
#include <aq.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
  WORKERS = 4,
  LARGEST = 8 << 20,  /* bytes of a file */
  MEMORY = 256 << 20, /* bytes that a picture may take while it is decoded and looked at */
  PATIENCE = 5        /* seconds that a client may say nothing */
};

struct server {
  aq_model *model;
  double seconds;
  int listening;
};

struct worker {
  aq_session *session;
  aq_rows *rows;
  aq_limits *limits;
  char file[LARGEST];
  int fd;     /* of the client */
  bool began; /* the answer */
};

/* ---- one picture ---- */

/* Reads all that the client sends. False: it is too much, or does not end. */
static bool receive(struct worker *w, size_t *length) {
  for (*length = 0; *length < sizeof w->file;) {
    ssize_t n = recv(w->fd, w->file + *length, sizeof w->file - *length, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n == 0;
    *length += (size_t)n;
  }
  return false;
}

static int answer(void *worker, const char *line, size_t length) {
  struct worker *w = worker;
  w->began = true;
  for (size_t sent = 0; sent < length;) {
    ssize_t n = send(w->fd, line + sent, length - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return 1;
    sent += (size_t)n;
  }
  return 0;
}

static void answer_error(struct worker *w, const char *why) {
  aq_shown *shown = aq_shown_new(false);
  char *line;
  aq_shown_text(shown, "error", NULL, why);
  if (aq_shown_write(shown, AQ_JSON, &line) == AQ_OK) answer(w, line, strlen(line));
  aq_text_free(line);
  aq_shown_free(shown);
}

/* The bytes are a table of one row, and no name of a file, whatever they are. */
static int look(struct worker *w, const char *field, size_t length) {
  const void *file[] = {w->file};
  aq_predict_options options;
  aq_predict_options_init(&options);
  options.rows = w->rows;
  options.json = true;
  options.write = answer;
  options.context = w;
  aq_rows_clear(w->rows);
  int status = aq_rows_bytes(w->rows, field, file, &length, 1);
  return status ? status : aq_session_predict_stream(w->session, &options);
}

static void serve_client(struct worker *w, const struct server *server) {
  const struct timeval patience = {.tv_sec = PATIENCE};
  size_t length;
  w->began = false;
  setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(w->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (!receive(w, &length)) {
    answer_error(w, "the file is too large, or does not end");
    return;
  }
  aq_limits_set(w->limits, server->seconds, 0, MEMORY);
  int status = look(w, aq_model_field(server->model, 0), length);
  aq_limits_set(w->limits, 0, 0, 0);
  if (status == AQ_INTERRUPTED)
    answer_error(w, "the picture took longer than it may");
  else if (status != AQ_OK && !w->began)
    answer_error(w, aq_session_message(w->session)->text);
}

/* ---- the workers ---- */

static void *work(void *given) {
  struct server *server = given;
  struct worker *w = calloc(1, sizeof *w);
  if (w) w->limits = aq_limits_new();
  if (!w || !w->limits || aq_rows_new(&w->rows) || aq_session_new(server->model, NULL, &w->session)) {
    fprintf(stderr, "pictures: %s\n", w ? aq_session_message(w->session)->text : "no memory");
    exit(1);
  }
  aq_limits_use(w->limits);
  while ((w->fd = accept(server->listening, NULL, NULL)) >= 0 || (errno != EBADF && errno != EINVAL)) {
    if (w->fd >= 0) {
      serve_client(w, server);
      close(w->fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
      sleep(1); /* until others have closed something */
  }
  aq_limits_use(NULL);
  aq_session_free(w->session);
  aq_rows_free(w->rows);
  aq_limits_free(w->limits);
  free(w);
  return NULL;
}

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 64) == 0))
    return fd;
  close(fd);
  return -1;
}

/* Until a signal ends it. Then nobody waits any more for a client to come. */
static int run(struct server *server, const char *path) {
  pthread_t thread[WORKERS];
  sigset_t ends;
  int count = 0, number;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, NULL);
  server->listening = listen_at(path);
  if (server->listening < 0) {
    fprintf(stderr, "pictures: %s: %s\n", path, strerror(errno));
    return AQ_CANNOT_CREATE;
  }
  while (count < WORKERS && pthread_create(&thread[count], NULL, work, server) == 0) count++;
  printf("ready\n");
  fflush(stdout);
  if (count) sigwait(&ends, &number);
  shutdown(server->listening, SHUT_RDWR);
  for (int k = 0; k < count; k++) pthread_join(thread[k], NULL);
  close(server->listening);
  unlink(path);
  return count ? AQ_OK : AQ_NO_MEMORY;
}

int main(int argc, char **argv) {
  struct server server = {.seconds = argc == 4 ? strtod(argv[3], NULL) : 1};
  if (argc < 3 || argc > 4 || !(server.seconds > 0)) {
    fprintf(stderr, "usage: pictures MODEL.aqm SOCKET [SECONDS]\n");
    return AQ_USAGE;
  }
  int status = aq_model_load(argv[1], &server.model);
  if (status)
    fprintf(stderr, "pictures: %s\n", aq_model_message(server.model)->text);
  else if (aq_model_field_count(server.model) != 1) {
    fprintf(stderr, "pictures: the model reads more than a picture\n");
    status = AQ_USAGE;
  } else
    status = run(&server, argv[2]);
  aq_model_free(server.model);
  return status;
}
