/* isa.h: which copies of the kernels there are (runtime/kernels/kernel.h names them). */
#ifndef AQ_RUNTIME_ISA_H
#define AQ_RUNTIME_ISA_H

/* PACKAGE_NAME is defined where there is a config.h, which says whether the x86 copies are built. */
#if defined RT_X86 || (defined __x86_64__ && !defined PACKAGE_NAME)
#define RT_X86_KERNELS 1
#define RT_EACH_ISA(macro, name, type)                                                                       \
  macro(name, type, base) macro(name, type, avx2) macro(name, type, avx512)
#else
#define RT_X86_KERNELS 0
#define RT_EACH_ISA(macro, name, type) macro(name, type, base)
#endif

#endif
