/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * libbpf, loaded when the kernel is asked. Each of its functions that the kernel view or the skeleton
 * calls has a line in both lists; the linker complains of one that has not.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <late/sonames.h>
#include <mmreap/late.h>

#define LIBBPF_FUNCTIONS(F)             \
	F(bpf_iter_create)              \
	F(bpf_link__fd)                 \
	F(bpf_map__fd)                  \
	F(bpf_map_lookup_elem)          \
	F(bpf_map_update_elem)          \
	F(bpf_object__attach_skeleton)  \
	F(bpf_object__destroy_skeleton) \
	F(bpf_object__detach_skeleton)  \
	F(bpf_object__load_skeleton)    \
	F(bpf_object__open_skeleton)    \
	F(bpf_program__set_autoload)    \
	F(libbpf_set_print)             \
	F(ring_buffer__consume)         \
	F(ring_buffer__epoll_fd)        \
	F(ring_buffer__free)            \
	F(ring_buffer__new)
LATE_LIBRARY(libbpf, LIBBPF_FUNCTIONS, LATE_SONAME_BPF, "kernelview", "suggested",
	     "what the kernel itself knows: --source bpf");

#define bpf_iter_create libbpf.bpf_iter_create
#define bpf_link__fd libbpf.bpf_link__fd
#define bpf_map__fd libbpf.bpf_map__fd
#define bpf_map_lookup_elem libbpf.bpf_map_lookup_elem
#define bpf_map_update_elem libbpf.bpf_map_update_elem
#define bpf_object__attach_skeleton libbpf.bpf_object__attach_skeleton
#define bpf_object__destroy_skeleton libbpf.bpf_object__destroy_skeleton
#define bpf_object__detach_skeleton libbpf.bpf_object__detach_skeleton
#define bpf_object__load_skeleton libbpf.bpf_object__load_skeleton
#define bpf_object__open_skeleton libbpf.bpf_object__open_skeleton
#define bpf_program__set_autoload libbpf.bpf_program__set_autoload
#define libbpf_set_print libbpf.libbpf_set_print
#define ring_buffer__consume libbpf.ring_buffer__consume
#define ring_buffer__epoll_fd libbpf.ring_buffer__epoll_fd
#define ring_buffer__free libbpf.ring_buffer__free
#define ring_buffer__new libbpf.ring_buffer__new
