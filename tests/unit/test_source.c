/* source, target: where bytes come from and go to, without a service. */
#include "tests/unit/t.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/transfer/source.h"
#include "core/transfer/target.h"

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/xt-source-XXXXXX");
	return mkdtemp(folder) ? 0 : 1;
}

static int remove_folder(void **state)
{
	char path[384];
	struct dirent *entry;
	(void)state;
	DIR *d = opendir(folder);
	while (d && (entry = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		unlink(path);
	}
	closedir(d);
	return rmdir(folder);
}

static const char *in_folder(const char *name)
{
	static char path[384];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static const char *write_file(const char *name, const char *text)
{
	const char *path = in_folder(name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static void file_is(const char *name, const char *text)
{
	char got[256] = "";
	FILE *f = fopen(in_folder(name), "r");
	assert_non_null(f);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(got, text);
}

static unsigned files_in_folder(void)
{
	unsigned n = 0;
	DIR *d = opendir(folder);
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* ---- sources */

static void a_file_has_a_descriptor_for_each_part(void **state)
{
	(void)state;
	struct xf_source s;
	struct xf_error err = XF_ERROR_INIT;
	int a, b;
	bool own;
	assert_int_equal(xf_source_open(&s, write_file("f", "hello world"), -1, "f", &err), XF_OK);
	assert_int_equal(s.kind, XF_SOURCE_FILE);
	assert_int_equal(s.size, 11);
	assert_int_equal(xf_source_open_part(&s, &a, &own, &err), XF_OK);
	assert_true(own);
	assert_int_equal(xf_source_open_part(&s, &b, &own, &err), XF_OK);
	assert_int_not_equal(a, b);
	close(a);
	close(b);
	xf_source_close(&s);
}

static void a_descriptor_is_taken_from_where_it_stands(void **state)
{
	(void)state;
	struct xf_source s;
	struct xf_error err = XF_ERROR_INIT;
	char buf[16] = "";
	uint64_t got;
	int fd = open(write_file("f", "0123456789"), O_RDONLY);
	lseek(fd, 3, SEEK_SET);
	assert_int_equal(xf_source_open(&s, NULL, fd, "stdin", &err), XF_OK);
	assert_int_equal(s.kind, XF_SOURCE_SEEKABLE);
	assert_int_equal(s.size, 7);
	assert_int_equal(xf_source_fill(&s, buf, 4, &got, NULL, &err), XF_OK);
	assert_int_equal(got, 4);
	assert_string_equal(buf, "3456");
	xf_source_close(&s);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 7); /* behind what was taken, and still open */
	close(fd);
}

/* The size is frozen: what is appended meanwhile is not part of the object. */
static void a_growing_file_is_taken_as_it_was(void **state)
{
	(void)state;
	struct xf_source s;
	struct xf_error err = XF_ERROR_INIT;
	char buf[32] = "";
	uint64_t got;
	int fd = open(write_file("f", "before"), O_RDWR | O_APPEND);
	assert_int_equal(xf_source_open(&s, NULL, fd, "stdin", &err), XF_OK);
	assert_int_equal(write(fd, "after", 5), 5);
	assert_int_equal(xf_source_fill(&s, buf, sizeof(buf) - 1, &got, NULL, &err), XF_OK);
	assert_int_equal(got, 6);
	assert_string_equal(buf, "before");
	assert_int_equal(xf_source_fill(&s, buf, 1, &got, NULL, &err), XF_OK);
	assert_int_equal(got, 0);
	xf_source_close(&s);
	close(fd);
}

static void a_shrunken_file_is_a_short_read(void **state)
{
	(void)state;
	struct xf_source s;
	struct xf_error err = XF_ERROR_INIT;
	char buf[16];
	uint64_t got;
	int fd = open(write_file("f", "0123456789"), O_RDWR);
	assert_int_equal(xf_source_open(&s, NULL, fd, "stdin", &err), XF_OK);
	assert_int_equal(ftruncate(fd, 4), 0);
	assert_int_equal(xf_source_fill(&s, buf, 10, &got, NULL, &err), XF_SHORT_READ);
	assert_non_null(strstr(err.message, "stdin"));
	xf_source_close(&s);
	close(fd);
}

static void *drip(void *arg)
{
	for (int i = 0; i < 10; i++) {
		usleep(2000);
		assert_int_equal(write(*(int *)arg, "ab", 2), 2);
	}
	close(*(int *)arg);
	return NULL;
}

/* Every read fills what was asked for, or finds the end; what was peeked at comes first. */
static void a_pipe_that_drips_fills_its_chunks(void **state)
{
	(void)state;
	struct xf_source s;
	struct xf_error err = XF_ERROR_INIT;
	char buf[32] = "";
	uint64_t peeked = 5, got;
	pthread_t thread;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(xf_source_open(&s, NULL, ends[0], "stdin", &err), XF_OK);
	assert_int_equal(s.kind, XF_SOURCE_PIPE);
	pthread_create(&thread, NULL, drip, &ends[1]);
	assert_int_equal(xf_source_peek(&s, &peeked, NULL, &err), XF_OK);
	assert_int_equal(peeked, 5);
	assert_int_equal(xf_source_fill(&s, buf, 12, &got, NULL, &err), XF_OK);
	assert_int_equal(got, 12);
	assert_string_equal(buf, "abababababab");
	assert_int_equal(xf_source_fill(&s, buf, 12, &got, NULL, &err), XF_OK);
	assert_int_equal(got, 8);
	assert_int_equal(xf_source_fill(&s, buf, 12, &got, NULL, &err), XF_OK);
	assert_int_equal(got, 0);
	pthread_join(thread, NULL);
	xf_source_close(&s);
	close(ends[0]);
}

static void *set_latch(void *arg)
{
	usleep(30000);
	xf_latch_set((struct xf_latch *)arg);
	return NULL;
}

static void a_silent_pipe_is_left_when_nobody_wants_it(void **state)
{
	(void)state;
	struct xf_source s;
	struct xf_error err = XF_ERROR_INIT;
	struct xf_latch stop;
	char buf[4];
	uint64_t got;
	pthread_t thread;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	xf_latch_init(&stop, "stop");
	assert_int_equal(xf_source_open(&s, NULL, ends[0], "stdin", &err), XF_OK);
	pthread_create(&thread, NULL, set_latch, &stop);
	assert_int_equal(xf_source_fill(&s, buf, 4, &got, &stop, &err), XF_CANCELLED);
	pthread_join(thread, NULL);
	xf_source_close(&s);
	xf_latch_fini(&stop);
	close(ends[0]);
	close(ends[1]);
}

static void what_cannot_be_read_is_named(void **state)
{
	(void)state;
	struct xf_source s;
	struct xf_error err = XF_ERROR_INIT;
	assert_int_equal(xf_source_open(&s, in_folder("absent"), -1, "absent", &err), XF_NOT_FOUND);
	assert_non_null(strstr(err.message, "absent"));
	err = XF_ERROR_INIT;
	assert_int_equal(xf_source_open(&s, folder, -1, "folder", &err), XF_INVALID);
	err = XF_ERROR_INIT;
	assert_int_equal(xf_source_open(&s, NULL, 9999, "closed", &err), XF_IO);
}

/* ---- targets */

static void a_file_appears_whole_and_the_old_one_stays_until_then(void **state)
{
	(void)state;
	struct xf_target t;
	struct xf_error err = XF_ERROR_INIT;
	write_file("t", "old");
	assert_int_equal(xf_target_init(&t, in_folder("t"), -1, NULL, NULL, &err), XF_OK);
	assert_false(t.ordered);
	assert_int_equal(files_in_folder(), 1); /* nothing is made before the first write */
	assert_int_equal(xf_target_write(&t, 6, "world", 5, &err), XF_OK);
	file_is("t", "old");
	assert_int_equal(files_in_folder(), 2);
	assert_int_equal(xf_target_write(&t, 0, "hello ", 6, &err), XF_OK);
	assert_int_equal(xf_target_commit(&t, &err), XF_OK);
	file_is("t", "hello world");
	xf_target_fini(&t);
	assert_int_equal(files_in_folder(), 1);
}

static void a_target_given_up_leaves_nothing(void **state)
{
	(void)state;
	struct xf_target t;
	struct xf_error err = XF_ERROR_INIT;
	write_file("t", "old");
	assert_int_equal(xf_target_init(&t, in_folder("t"), -1, NULL, NULL, &err), XF_OK);
	assert_int_equal(xf_target_write(&t, 0, "new", 3, &err), XF_OK);
	xf_target_fini(&t);
	file_is("t", "old");
	assert_int_equal(files_in_folder(), 1);
}

/* NAME.XXXXXXXX with eight hex digits, and never longer than a name may be. */
static void the_temporary_name_fits(void **state)
{
	(void)state;
	struct xf_target t;
	struct xf_error err = XF_ERROR_INIT;
	char name[256];
	memset(name, 'n', 255);
	name[255] = '\0';
	assert_int_equal(xf_target_init(&t, in_folder(name), -1, NULL, NULL, &err), XF_OK);
	assert_int_equal(xf_target_write(&t, 0, "x", 1, &err), XF_OK);
	const char *base = strrchr(t.temporary, '/') + 1;
	assert_int_equal(strlen(base), 255);
	assert_int_equal(base[246], '.');
	assert_int_equal(strspn(base + 247, "0123456789abcdefABCDEF"), 8);
	assert_int_equal(xf_target_commit(&t, &err), XF_OK);
	xf_target_fini(&t);
	file_is(name, "x");
}

static void an_empty_object_is_an_empty_file(void **state)
{
	(void)state;
	struct xf_target t;
	struct xf_error err = XF_ERROR_INIT;
	assert_int_equal(xf_target_init(&t, in_folder("t"), -1, NULL, NULL, &err), XF_OK);
	assert_int_equal(xf_target_commit(&t, &err), XF_OK);
	xf_target_fini(&t);
	file_is("t", "");
}

static void a_descriptor_is_written_from_where_it_stands_and_left_at_the_end(void **state)
{
	(void)state;
	struct xf_target t;
	struct xf_error err = XF_ERROR_INIT;
	int fd = open(write_file("t", "before"), O_WRONLY);
	lseek(fd, 0, SEEK_END);
	assert_int_equal(xf_target_init(&t, NULL, fd, "stdout", NULL, &err), XF_OK);
	assert_int_equal(xf_target_write(&t, 2, "cd", 2, &err), XF_OK);
	assert_int_equal(xf_target_write(&t, 0, "ab", 2, &err), XF_OK);
	assert_int_equal(xf_target_commit(&t, &err), XF_OK);
	assert_int_equal(write(fd, "after", 5), 5);
	xf_target_fini(&t);
	close(fd);
	file_is("t", "beforeabcdafter");
}

/* Nobody can seek in a pipe, nor behind O_APPEND. */
static void pipes_and_appended_files_want_their_bytes_in_order(void **state)
{
	(void)state;
	struct xf_target t;
	struct xf_error err = XF_ERROR_INIT;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(xf_target_init(&t, NULL, ends[1], "stdout", NULL, &err), XF_OK);
	assert_true(t.ordered);
	close(ends[0]);
	close(ends[1]);
	int fd = open(write_file("t", "x"), O_WRONLY | O_APPEND);
	assert_int_equal(xf_target_init(&t, NULL, fd, "stdout", NULL, &err), XF_OK);
	assert_true(t.ordered);
	close(fd);
	assert_int_equal(xf_target_init(&t, "/dev/null", -1, NULL, NULL, &err), XF_OK);
	assert_true(t.ordered);
	assert_null(t.temporary);
	xf_target_fini(&t);
}

static void what_cannot_be_written_is_named_before_any_request(void **state)
{
	(void)state;
	struct xf_target t;
	struct xf_error err = XF_ERROR_INIT;
	assert_int_equal(xf_target_init(&t, folder, -1, NULL, NULL, &err), XF_INVALID);
	xf_target_fini(&t);
	err = XF_ERROR_INIT;
	assert_int_equal(xf_target_init(&t, in_folder("absent/t"), -1, NULL, NULL, &err), XF_NOT_FOUND);
	xf_target_fini(&t);
	err = XF_ERROR_INIT;
	assert_int_equal(xf_target_init(&t, "/dev/full", -1, NULL, NULL, &err), XF_OK);
	assert_int_equal(xf_target_write(&t, 0, "x", 1, &err), XF_IO);
	assert_non_null(strstr(err.message, "/dev/full"));
	xf_target_fini(&t);
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(a_file_has_a_descriptor_for_each_part, make_folder, remove_folder),
	cmocka_unit_test_setup_teardown(a_descriptor_is_taken_from_where_it_stands, make_folder, remove_folder),
	cmocka_unit_test_setup_teardown(a_growing_file_is_taken_as_it_was, make_folder, remove_folder),
	cmocka_unit_test_setup_teardown(a_shrunken_file_is_a_short_read, make_folder, remove_folder),
	cmocka_unit_test_setup_teardown(a_pipe_that_drips_fills_its_chunks, make_folder, remove_folder),
	cmocka_unit_test_setup_teardown(a_silent_pipe_is_left_when_nobody_wants_it, make_folder, remove_folder),
	cmocka_unit_test_setup_teardown(what_cannot_be_read_is_named, make_folder, remove_folder),
	cmocka_unit_test_setup_teardown(a_file_appears_whole_and_the_old_one_stays_until_then, make_folder, remove_folder),
	cmocka_unit_test_setup_teardown(a_target_given_up_leaves_nothing, make_folder, remove_folder),
	cmocka_unit_test_setup_teardown(the_temporary_name_fits, make_folder, remove_folder),
	cmocka_unit_test_setup_teardown(an_empty_object_is_an_empty_file, make_folder, remove_folder),
	cmocka_unit_test_setup_teardown(a_descriptor_is_written_from_where_it_stands_and_left_at_the_end, make_folder, remove_folder),
	cmocka_unit_test_setup_teardown(pipes_and_appended_files_want_their_bytes_in_order, make_folder, remove_folder),
	cmocka_unit_test_setup_teardown(what_cannot_be_written_is_named_before_any_request, make_folder, remove_folder),
};
T_MAIN(tests)
