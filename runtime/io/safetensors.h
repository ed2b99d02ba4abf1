/* safetensors.h: the safetensors file format: 8 bytes little-endian header length, a JSON header
 * {"name":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},…,"__metadata__":{"key":"text"}}, then the
 * data, which the tensors cover from end to end without overlap or hole. Files are taken for hostile: every
 * size is checked before it is used. */
#ifndef AQ_RUNTIME_IO_SAFETENSORS_H
#define AQ_RUNTIME_IO_SAFETENSORS_H

#include "runtime/io/dtype.h"

enum { IO_MAX_RANK = 32, IO_MAX_HEADER = 100 << 20 };

struct io_tensor {
  const char *name;
  enum io_dtype dtype;
  const char *kind;       /* the dtype as the file writes it */
  int rank;               /* 0..IO_MAX_RANK; 0 is a scalar */
  const int64_t *shape;   /* [rank] */
  int64_t elements;       /* their product; 1 for a scalar */
  uint64_t offset, bytes; /* where its data is in the data section */
};

/* An open file. Reading tensors from it is safe from several threads. */
struct io_tensors;
struct io_save; /* file.h */

/* Reads the header; tensors are read when asked for. RT_NO_INPUT, RT_BAD_DATA. */
int io_tensors_open(struct io_tensors **file, const char *path, struct rt_error *error);
/* The same for a file in memory, which must outlive it; name is for messages. */
int io_tensors_open_bytes(struct io_tensors **file, const char *name, const void *bytes, size_t length,
                          struct rt_error *error);
void io_tensors_close(struct io_tensors *file);

int io_tensors_count(const struct io_tensors *file);
/* In the order of their data. */
const struct io_tensor *io_tensors_at(const struct io_tensors *file, int index);
/* NULL when there is none of that name. */
const struct io_tensor *io_tensors_find(const struct io_tensors *file, const char *name);
/* The text of a metadata key, NUL-terminated, or NULL. Lives as long as file. */
const char *io_tensors_metadata(const struct io_tensors *file, const char *key);

/* Copies a tensor into out[elements], row-major, converted. To float and double: as C converts (nearest
 * even); to int32: RT_BAD_DATA when a value is no integer of that range. RT_IO when the file changed
 * meanwhile. */
int io_tensors_float(const struct io_tensors *file, const struct io_tensor *tensor, float *out,
                     struct rt_error *error);
int io_tensors_double(const struct io_tensors *file, const struct io_tensor *tensor, double *out,
                      struct rt_error *error);
int io_tensors_int32(const struct io_tensors *file, const struct io_tensor *tensor, int32_t *out,
                     struct rt_error *error);
/* Its bytes as they are, little-endian: out[bytes]. */
int io_tensors_raw(const struct io_tensors *file, const struct io_tensor *tensor, void *out,
                   struct rt_error *error);

/* Checks the metadata entry "aq.checksum" that io_tensors_save writes: "xxh3:" and 16 hexadecimal digits,
 * XXH3-64 of the header (with those digits as zeros) and the data. RT_BAD_DATA when it is absent or differs.
 */
int io_tensors_verify(const struct io_tensors *file, struct rt_error *error);

struct io_tensor_out {
  const char *name;
  enum io_dtype dtype;
  int rank;
  const int64_t *shape; /* [rank] */
  const void *data;     /* its elements, row-major, in dtype; NULL only when there are none */
};
struct io_metadata {
  const char *key, *value;
};

/* Writes a file of tensors, with a checksum. The same content gives the same bytes, whatever the order
 * given: tensors are stored by falling element size, then by name, and metadata by key. The data section
 * begins at a multiple of 8, so every tensor is aligned to its element size. RT_USAGE: a name given twice, or
 * "__metadata__"; text that is not UTF-8. */
int io_tensors_write(struct io_save *save, const struct io_tensor_out *tensors, int count,
                     const struct io_metadata *metadata, int metadata_count, struct rt_error *error);
/* The same to a path, atomically (file.h). */
int io_tensors_save(const char *path, const struct io_tensor_out *tensors, int count,
                    const struct io_metadata *metadata, int metadata_count, struct rt_error *error);

#endif
