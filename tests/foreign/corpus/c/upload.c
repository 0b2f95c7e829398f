/*
 * upload MODE: the corpus in C, with libcurl. Each mode uploads "key" to the bucket "bucket" of
 * AWS_ENDPOINT_URL, unsigned, and says `begin` and `end` around the region in question.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PART = 5 << 20, NR_PARTS = 3 };

static char *body;
static char upload_id[256], etags[NR_PARTS][80];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool over;                 /* under lock */
static atomic_bool begun, done;
static sem_t posted;

static unsigned pause_ms(void)
{
	const char *text = getenv("T_PAUSE");

	return text ? (unsigned)(1000 * atof(text)) : 3000;
}

static void nap(unsigned ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l };

	nanosleep(&t, NULL);
}

static void say(const char *word)
{
	puts(word);
	fflush(stdout);
}

/* ---- requests */

struct text {
	char *at;
	size_t len, cap;
};

static size_t keep(char *from, size_t size, size_t n, void *ctx)
{
	struct text *t = ctx;

	for (size_t i = 0; i < size * n && t->len + 1 < t->cap; i++)
		t->at[t->len++] = from[i];
	t->at[t->len] = 0;
	return size * n;
}

static size_t keep_etag(char *from, size_t size, size_t n, void *ctx)
{
	if (size * n > 6 && strncasecmp(from, "etag: ", 6) == 0)
		snprintf(ctx, 80, "%.*s", (int)strcspn(from + 6, "\r\n"), from + 6);
	return size * n;
}

static size_t give(char *to, size_t size, size_t n, void *ctx)
{
	struct text *t = ctx;
	size_t len = size * n < t->cap - t->len ? size * n : t->cap - t->len;

	memcpy(to, t->at + t->len, len);
	t->len += len;
	return len;
}

static CURL *request(const char *path)
{
	CURL *easy = curl_easy_init();
	char url[1024];

	snprintf(url, sizeof(url), "%s/bucket/key%s", getenv("AWS_ENDPOINT_URL"), path);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1l);
	if (getenv("AWS_CA_BUNDLE"))
		curl_easy_setopt(easy, CURLOPT_CAINFO, getenv("AWS_CA_BUNDLE"));
	return easy;
}

static void perform(CURL *easy)
{
	CURLcode code = curl_easy_perform(easy);

	if (code) {
		fprintf(stderr, "upload: %s\n", curl_easy_strerror(code));
		exit(3);
	}
	curl_easy_cleanup(easy);
}

static CURL *put(const char *path, struct text *source, char *etag)
{
	CURL *easy = request(path);

	*source = (struct text){ .at = body, .cap = PART };
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1l);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)PART);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(easy, CURLOPT_READDATA, source);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, keep_etag);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, etag);
	return easy;
}

static CURL *put_part(int n, struct text *source)
{
	char path[512];

	snprintf(path, sizeof(path), "?partNumber=%d&uploadId=%s", n + 1, upload_id);
	return put(path, source, etags[n]);
}

static void post(const char *path, char *what, char *answer, size_t cap)
{
	struct text t = { .at = answer, .cap = cap };
	CURL *easy = request(path);

	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, what);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &t);
	perform(easy);
}

static void create(void)
{
	char answer[4096] = "", nothing[] = "", *id;

	post("?uploads", nothing, answer, sizeof(answer));
	id = strstr(answer, "<UploadId>");
	if (!id || sscanf(id, "<UploadId>%255[^<]", upload_id) != 1)
		exit(4);
	begun = true;
}

static void complete(void)
{
	char path[512], answer[4096] = "", what[1024] = "<CompleteMultipartUpload>";

	for (int n = 0; n < NR_PARTS; n++)
		snprintf(what + strlen(what), sizeof(what) - strlen(what),
			 "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", n + 1, etags[n]);
	strcat(what, "</CompleteMultipartUpload>");
	snprintf(path, sizeof(path), "?uploadId=%s", upload_id);
	post(path, what, answer, sizeof(answer));
}

/* ---- ways to upload */

static void upload_one(void)
{
	struct text source;
	char etag[80];

	perform(put("", &source, etag));
}

static void upload_parts(void)
{
	struct text source;

	create();
	for (int n = 0; n < NR_PARTS; n++)
		perform(put_part(n, &source));
	complete();
}

/* All parts at once; until they are over, or, for luck, for as long as it says. */
static void drive(CURLM *multi, unsigned for_ms)
{
	struct timespec begin, now;
	int running = 1;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (long past = 0; for_ms ? past < for_ms : running;) {
		curl_multi_perform(multi, &running);
		curl_multi_poll(multi, NULL, 0, 100, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
		past = (now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000;
	}
}

static void upload_multi(void)
{
	CURLM *multi = curl_multi_init();
	struct text sources[NR_PARTS];

	create();
	for (int n = 0; n < NR_PARTS; n++)
		curl_multi_add_handle(multi, put_part(n, &sources[n]));
	drive(multi, 0);
	complete();
}

static void upload_multi_by_the_clock(void)
{
	CURLM *multi = curl_multi_init();
	struct text source;
	char etag[80];

	curl_multi_add_handle(multi, put("", &source, etag));
	drive(multi, pause_ms());
}

static void *work(void *unused)
{
	(void)unused;
	upload_parts();
	pthread_mutex_lock(&lock);
	over = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	sem_post(&posted);
	done = true;
	return NULL;
}

static void *work_locked(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&lock);
	upload_parts();
	pthread_mutex_unlock(&lock);
	return NULL;
}

static pthread_t start(void *(*run)(void *), bool detached)
{
	pthread_t thread;

	pthread_create(&thread, NULL, run, NULL);
	if (detached)
		pthread_detach(thread);
	return thread;
}

/* ---- regions */

static void joined(void)
{
	pthread_join(start(work, false), NULL);
}

static void by_semaphore(void)
{
	start(work, true);
	sem_wait(&posted);
}

static void by_semaphore_at_most(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += 60;
	start(work, true);
	sem_timedwait(&posted, &t);
}

static void by_condition(void)
{
	start(work, true);
	pthread_mutex_lock(&lock);
	while (!over)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void polled(void)
{
	start(work, true);
	while (!done)
		nap(5);
}

static void in_a_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		upload_parts();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void forgotten(void)
{
	start(work, true);
}

static void slept(void)
{
	start(work, true);
	nap(pause_ms());
}

static void locked(void)
{
	start(work_locked, true);
	nap(pause_ms());
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
}

static const struct {
	const char *name;
	void (*run)(void);
	enum { LEAVES, STAYS, BEGUN } then; /* at once; when the upload is over; in the midst of it */
} modes[] = {
	{ "easy", upload_one, LEAVES },
	{ "parts", upload_parts, LEAVES },
	{ "multi", upload_multi, LEAVES },
	{ "multi-clock", upload_multi_by_the_clock, LEAVES },
	{ "join", joined, LEAVES },
	{ "semaphore", by_semaphore, LEAVES },
	{ "semaphore-timed", by_semaphore_at_most, LEAVES },
	{ "condition", by_condition, LEAVES },
	{ "poll", polled, LEAVES },
	{ "child", in_a_child, LEAVES },
	{ "detached", forgotten, STAYS },
	{ "detached-exit", forgotten, BEGUN },
	{ "sleep", slept, LEAVES },
	{ "lock", locked, LEAVES },
};

int main(int argc, char **argv)
{
	curl_global_init(CURL_GLOBAL_ALL);
	sem_init(&posted, 0, 0);
	body = calloc(1, PART);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (argc != 2 || strcmp(modes[i].name, argv[1]) != 0)
			continue;
		say("begin");
		modes[i].run();
		say("end");
		while ((modes[i].then == STAYS && !done) || (modes[i].then == BEGUN && !begun))
			nap(10);
		return 0;
	}
	return 2;
}
