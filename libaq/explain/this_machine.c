/* this_machine.c: what aq finds on this machine. */
#include <stdio.h>
#include <string.h>

#include "libaq/internal.h"
#include "libaq/shown/shown_tree.h"
#include "runtime/blas.h"
#include "runtime/cores.h"
#include "runtime/io/image.h"
#include "runtime/io/sound.h"
#include "runtime/io/spectrum.h"

struct finding {
  char processor[128];
  const char *isa;
  bool bf16;
  int cores;
  const struct rt_blas_info *blas;
};

/* What the line of /proc/cpuinfo begins with that names the processor, or the board that has it. Under an
 * emulator the lines may be those of the machine around it, which is of another kind. */
#if defined __x86_64__
static const char names_it[] = "model name";
#else
static const char names_it[] = "Model";
#endif

/* The name of the processor, where the system tells it (Linux); else "". */
static void read_processor(char *name, size_t size) {
  char line[256];
  FILE *file = fopen("/proc/cpuinfo", "r");
  name[0] = 0;
  while (file && !name[0] && fgets(line, sizeof line, file)) {
    char *value = strncmp(line, names_it, sizeof names_it - 1) ? NULL : strchr(line, ':');
    if (!value) continue;
    value += strspn(value, ": \t");
    value[strcspn(value, "\n")] = 0;
    snprintf(name, size, "%s", value);
  }
  if (file) fclose(file);
}

static void show_blas(const struct rt_blas_info *blas, aq_shown *s) {
  bool other = strcmp(blas->found, blas->chosen) != 0;
  aq_shown_begin(s, "blas");
  aq_shown_text(s, "library", "BLAS", blas->config);
  aq_shown_text(s, "found", NULL, blas->found);
  aq_shown_text(s, "chosen", blas->chosen[0] ? "BLAS core" : NULL, blas->chosen);
  if (blas->chosen[0])
    aq_shown_say(s, "%s%s%s", blas->chosen, other ? ", found as " : "", other ? blas->found : "");
  aq_shown_text(s, "better", NULL, blas->best);
  aq_shown_text(s, "reason", "", blas->reason);
  aq_shown_flag(s, "fits", NULL, !blas->best[0]);
  if (blas->best[0]) aq_shown_note(s, "", "OPENBLAS_CORETYPE=%s would be faster", blas->best);
  aq_shown_end(s);
}

/* What reads files that rows name. */
static void show_files(aq_shown *s) {
  const struct {
    const char *key, *label, *library, *without;
  } file[] = {
      {"png", "PNG", io_png_library(), "built without libpng"},
      {"jpeg", "JPEG", io_jpeg_library(), "built without libjpeg-turbo"},
      {"sound", "WAV, FLAC", io_sound_library(), "built without libsndfile"},
      {"spectrum", "spectra", io_fft_library(), "built without kissfft"},
  };
  aq_shown_begin(s, "files");
  for (size_t k = 0; k < RT_COUNT(file); k++) {
    aq_shown_text(s, file[k].key, file[k].label, file[k].library);
    if (!file[k].library) aq_shown_say(s, "%s", file[k].without);
  }
  aq_shown_end(s);
}

static void show(const struct finding *f, aq_shown *s) {
  aq_shown_text(s, "version", "aq", aq_version());
  aq_shown_text(s, "processor", f->processor[0] ? "processor" : NULL, f->processor);
  aq_shown_text(s, "instructions", "instructions", f->isa);
  aq_shown_text(s, "bf16", "bf16 products", f->bf16 ? "AVX-512 BF16" : "no instructions: slower than float");
  aq_shown_whole(s, "threads", "threads", f->cores);
  show_blas(f->blas, s);
  show_files(s);
  aq_shown_text(s, "native_code", "native code", "libffi");
  aq_shown_say(s, "runs where it is allowed; `aqc explain` tells what a model calls");
  aq_shown_begin(s, "limits");
  aq_shown_whole(s, "axes", NULL, RT_MAX_RANK);
  aq_shown_whole(s, "axis", "limits", INT32_MAX);
  aq_shown_say(s, "%d axes of at most %d", RT_MAX_RANK, INT32_MAX);
  aq_shown_end(s);
}

int aq_doctor(enum aq_form form, char **text, const aq_message **message) {
  struct lib_message *kept = lib_thread_message();
  struct rt_error *error = lib_begin(kept);
  struct rt_text out = {0};
  struct finding f = {.isa = rt_isa_name(rt_best_isa()), .cores = rt_cores()};
  f.bf16 = rt_best_isa() == RT_AVX512 && rt_multiplies_bf16();
  if (text) *text = NULL;
  int status = text ? rt_blas_begin(1, error) : lib_no_place(error);
  if (status == RT_OK) {
    f.blas = rt_blas_info();
    read_processor(f.processor, sizeof f.processor);
    aq_shown *s = aq_shown_new(false);
    show(&f, s);
    status = shown_finish(s, form, &out, error);
    if (status == RT_OK) status = lib_give_text(&out, text, error);
  }
  if (message) *message = lib_view(kept);
  return status;
}
