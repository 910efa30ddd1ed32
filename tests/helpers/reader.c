// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pins an address space: a read of it that blocks, because the destination is on a page whose fault
 * nobody serves.
 *
 *   reader --mem PID        read() of /proc/PID/mem
 *   reader --vm-readv PID   process_vm_readv()
 *
 * Prints "blocked" once the read hangs there. The address space stays until this program ends, which
 * it does with its parent.
 */
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "helpers.h"

static pid_t target;
static unsigned long source;
static void *destination;
static size_t page;
static bool use_mem;

static void *read_thread(void *arg)
{
	struct iovec local = { .iov_base = destination, .iov_len = page };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)source, .iov_len = page };
	char path[64];
	ssize_t n;
	int fd;

	(void)arg;
	if (use_mem) {
		snprintf(path, sizeof(path), "/proc/%d/mem", target);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? fd : pread(fd, destination, page, (off_t)source);
	} else {
		n = process_vm_readv(target, &local, 1, &remote, 1, 0);
	}
	die("the read did not block: %zd, %s", n, strerror(errno));
}

int main(int argc, char **argv)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	pid_t parent = getppid();
	struct uffd_msg message;
	char path[64], text[256];
	pthread_t thread;
	int fd;

	die_with_parent(parent);
	if (argc != 3 || (strcmp(argv[1], "--mem") && strcmp(argv[1], "--vm-readv")))
		die("usage: reader --mem|--vm-readv PID");
	use_mem = !strcmp(argv[1], "--mem");
	target = (pid_t)number_arg(argv[2]);

	/* The first mapping of a program is its own first page, which can be read. */
	snprintf(path, sizeof(path), "/proc/%d/maps", target);
	if (read_text(path, text, sizeof(text)) <= 0)
		die("%s: %s", path, strerror(errno));
	source = strtoul(text, NULL, 16);

	page = (size_t)sysconf(_SC_PAGESIZE);
	destination = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	area.range.start = (uintptr_t)destination;
	area.range.len = page;
	fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (fd < 0 || destination == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) < 0 ||
	    ioctl(fd, UFFDIO_REGISTER, &area) < 0)
		die("userfaultfd: %s", strerror(errno));
	if (pthread_create(&thread, NULL, read_thread, NULL))
		die("pthread_create");
	/* The kernel tells that the fault is waiting: from now on the read hangs. */
	if (read(fd, &message, sizeof(message)) != sizeof(message) ||
	    message.event != UFFD_EVENT_PAGEFAULT)
		die("no page fault: %s", strerror(errno));
	puts("blocked");
	fflush(stdout);
	for (;;)
		pause();
}
