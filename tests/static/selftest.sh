#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each checker is seen to pass on a small clean tree and to fail on the same tree with one
# violation planted in it: a checker that cannot fail checks nothing.

. "$(dirname "$0")/lib.sh"

tree=$(mktemp -d) || exit 1
trap 'rm -r "${tree:?}"' EXIT
root=$(cd "$STATIC/../.." && pwd)

# file PATH: write standard input there, with the licence line before it
file() {
	mkdir -p "$tree/$(dirname "$1")"
	{
		case $1 in
		*.c) printf '// SPDX-License-Identifier: GPL-2.0-or-later\n' ;;
		*.h) printf '/* SPDX-License-Identifier: GPL-2.0-or-later */\n#pragma once\n\n' ;;
		*) printf '#!/bin/bash\n# SPDX-License-Identifier: GPL-2.0-or-later\n' ;;
		esac
		cat
	} >"$tree/$1"
}

clean_tree() {
	rm -rf "${tree:?}"/*
	cp "$root/.clang-format" "$root/.clang-tidy" "$tree"
	file include/mmreap/model.h <<<'enum phase { PHASE_ALIVE, PHASE_GONE };'
	file include/mmreap/plan.h <<-'END'
		#include <mmreap/model.h>

		int plan_next(enum phase p);
	END
	file include/mmreap/sys.h <<<'int sys_try(void);'
	file include/mmreap/act.h <<<'int act_try(void);'
	# In no room: nobody may include it, and nobody does.
	file include/mmreap/loose.h <<<'int loose_try(void);'
	file src/plan/clean.c <<-'END'
		#include <mmreap/plan.h>
		#include <string.h>

		int plan_next(enum phase p)
		{
			static const char *const words[] = { "alive", "gone" };

			return (int)strlen(words[p]);
		}
	END
	file src/act/clean.c <<-'END'
		#include <mmreap/act.h>
		#include <mmreap/plan.h>
		#include <mmreap/sys.h>

		int act_try(void)
		{
			return sys_try() + plan_next(PHASE_ALIVE);
		}
	END
	file src/sys/clean.c <<-'END'
		#include <mmreap/sys.h>
		#include <unistd.h>

		int sys_try(void)
		{
			if (getppid() == 1)
				_exit(1);
			return 0;
		}
	END
	file src/main.c <<-'END'
		#include <stdio.h>

		int main(void)
		{
			return puts("hello") == EOF;
		}
	END
	file tests/clean.sh <<<'echo hello'
	find "$tree" -name '*.[ch]' -exec clang-format -i --style=file '{}' +
}

run_checker() {
	cd "$tree" && "$STATIC/$1.sh" 2>&1
}

# passes CHECKER: the clean tree
passes() {
	local said
	clean_tree
	if said=$(run_checker "$1") && grep -q '^ok ' <<<"$said"; then
		ok "self-test: $1 passes a clean tree"
	else
		not_ok "self-test: $1 passes a clean tree" "$said"
	fi
}

# fails CHECKER PATTERN FILE: with standard input as FILE, a line `not ok - PATTERN` is expected
fails() {
	local said
	clean_tree
	[ "$3" = - ] || file "$3"
	if said=$(run_checker "$1"); then
		not_ok "self-test: $1 fails on '$2'" "$said"
	elif grep -Eq "^not ok - $2" <<<"$said"; then
		ok "self-test: $1 fails on '$2'"
	else
		not_ok "self-test: $1 fails on '$2'" "$said"
	fi
}

for checker in text shell format headers direction symbols warnings cppcheck tidy; do
	passes "$checker"
done

fails text 'no #ifdef in sources' src/act/bad.c <<-'END'
	#ifdef HAVE_IT
	int bad;
	#endif
END
fails text 'no blanks at line ends' src/act/bad.c <<<'int bad; '
fails shell 'shellcheck: tests/bad.sh' tests/bad.sh <<<'cd /tmp'
fails format 'format: src/act/bad.c' src/act/bad.c <<<'int  bad ;'
fails headers 'header stands alone: include/mmreap/bad.h' include/mmreap/bad.h \
	<<<'int bad(size_t n);'
fails direction 'direction: src/plan/bad.c' src/plan/bad.c <<<'#include <mmreap/sys.h>'
fails direction 'direction: src/plan/bad.c' src/plan/bad.c <<<'#include <popt.h>'
fails direction 'direction: src/act/bad.c' src/act/bad.c <<<'#include <mmreap/loose.h>'
fails direction 'direction: src/attic/bad.c' src/attic/bad.c <<<'int bad;'
fails symbols 'room: src/attic/bad.c' src/attic/bad.c <<<'int bad;'
fails symbols 'pure: src/plan/bad.c' src/plan/bad.c <<-'END'
	#include <time.h>
	time_t bad(void);
	time_t bad(void)
	{
		return time(NULL);
	}
END
fails symbols 'pure: src/plan/bad.c' src/plan/bad.c <<-'END'
	#include <mmreap/sys.h>
	int bad(void);
	int bad(void)
	{
		return sys_try();
	}
END
fails symbols 'no variables: src/plan/bad.c' src/plan/bad.c <<-'END'
	int bad(void);
	int bad(void)
	{
		static int calls;
		return calls++;
	}
END
for call in 'printf("bad\n")' 'printf("%d", 1)' 'fprintf(stderr, "bad")' 'dprintf(2, "bad")' \
	'fputs("bad", stdout)' 'perror("bad")' 'warn("bad")' 'syslog(1, "bad")'; do
	fails symbols 'silent: src/act/bad.c' src/act/bad.c <<-END
		#include <err.h>
		#include <stdio.h>
		#include <syslog.h>
		void bad(void);
		void bad(void)
		{
			$call;
		}
	END
done
for call in 'exit(1)' '_exit(1)' 'abort()' 'assert(getpid() == 1)'; do
	fails symbols 'does not exit: src/report/bad.c' src/report/bad.c <<-END
		#include <assert.h>
		#include <stdlib.h>
		#include <unistd.h>
		void bad(void);
		void bad(void)
		{
			$call;
		}
	END
done
fails symbols 'does not exit: src/sys/bad.c' src/sys/bad.c <<-'END'
	#include <stdlib.h>
	void bad(void);
	void bad(void)
	{
		exit(1);
	}
END
for compiler in gcc clang; do
	fails warnings "$compiler: src/act/bad.c" src/act/bad.c <<-'END'
		int bad(void)
		{
			return 0;
		}
	END
	fails warnings "$compiler: src/act/bad.c" src/act/bad.c <<-'END'
		#include <mmreap/model.h>
		int bad(enum phase p);
		int bad(enum phase p)
		{
			switch (p) {
			case PHASE_ALIVE:
				return 1;
			default:
				return 0;
			}
		}
	END
done
fails cppcheck 'cppcheck' src/act/bad.c <<-'END'
	int bad(void);
	int bad(void)
	{
		int row[2] = { 0, 0 };

		return row[2];
	}
END
fails tidy 'clang-tidy: src/act/bad.c' src/act/bad.c <<-'END'
	#include <stddef.h>
	int bad(const int *row);
	int bad(const int *row)
	{
		return row == NULL ? *row : 0;
	}
END
clean_tree
sed -i 1d "$tree/src/main.c"
if said=$(run_checker text); then
	not_ok "self-test: text fails on 'licence line'" "$said"
else
	none "self-test: text fails on 'licence line'" "$(grep -q '^not ok - licence' <<<"$said" || echo "$said")"
fi
done_checking
