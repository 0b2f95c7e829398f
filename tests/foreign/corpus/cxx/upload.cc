/*
 * upload MODE: std::future in the corpus, with libcurl. Each mode uploads "key" to the bucket "bucket" of
 * AWS_ENDPOINT_URL, unsigned, and says `begin` and `end` around the region in question.
 */
#include <curl/curl.h>
#include <chrono>
#include <cstdlib>
#include <future>
#include <iostream>
#include <string>
#include <thread>

using namespace std::chrono_literals;

static const std::string body(5 << 20, '\0');

static size_t give(char *to, size_t size, size_t n, void *ctx)
{
	size_t &at = *static_cast<size_t *>(ctx), len = body.copy(to, size * n, at);

	at += len;
	return len;
}

static void upload()
{
	CURL *easy = curl_easy_init();
	size_t at = 0;

	curl_easy_setopt(easy, CURLOPT_URL, (std::string(std::getenv("AWS_ENDPOINT_URL")) + "/bucket/key").c_str());
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1l);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body.size()));
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(easy, CURLOPT_READDATA, &at);
	if (curl_easy_perform(easy))
		std::_Exit(3);
	curl_easy_cleanup(easy);
}

static bool is_ready(std::future<void> &future, std::chrono::milliseconds limit)
{
	return future.wait_for(limit) == std::future_status::ready;
}

int main(int, char **argv)
{
	const std::string mode = argv[1];
	std::promise<void> promise;
	std::future<void> future = promise.get_future();
	std::thread worker;

	curl_global_init(CURL_GLOBAL_ALL);
	std::cout << "begin" << std::endl;
	if (mode == "async")
		std::async(std::launch::async, upload).get();
	else
		worker = std::thread([&] { upload(); promise.set_value(); });
	if (mode == "future")
		future.get();
	if (mode == "timed")
		is_ready(future, 2s);
	if (mode == "ran-out")
		is_ready(future, 50ms);
	if (mode == "timed-then-join" && is_ready(future, 2s))
		worker.join();
	while (mode == "turns" && !is_ready(future, 20ms))
		;
	std::cout << "end" << std::endl;
	if (worker.joinable())
		worker.join();
}
