# valgrind.sh VALGRIND PROGRAM CASE...: each case in a process of its own; fails at the first that fails
valgrind=$1 program=$2
shift 2
for case; do
	"$valgrind" -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
		--fair-sched=yes "$program" "$case" || exit
done
