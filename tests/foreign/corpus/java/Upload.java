/* Upload MODE: the corpus in Java, with java.net.http alone; unsigned, one PutObject. */
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

public class Upload {
    static final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    static final CountDownLatch begun = new CountDownLatch(1);
    static final HttpRequest request = HttpRequest.newBuilder(URI.create(System.getenv("AWS_ENDPOINT_URL") + "/bucket/key"))
        .PUT(HttpRequest.BodyPublishers.fromPublisher(HttpRequest.BodyPublishers.ofInputStream(Upload::body), 5 << 20)).build();

    static ByteArrayInputStream body() {
        begun.countDown();
        return new ByteArrayInputStream(new byte[5 << 20]);
    }

    static void check(HttpResponse<Void> answer) {
        if (answer.statusCode() != 200) {
            System.err.println("upload: " + answer.statusCode());
            System.exit(3);
        }
    }

    static void upload() {
        try {
            check(client.send(request, HttpResponse.BodyHandlers.discarding()));
        } catch (Exception e) {
            System.err.println("upload: " + e);
            System.exit(3);
        }
    }

    static CompletableFuture<Void> later() {
        return client.sendAsync(request, HttpResponse.BodyHandlers.discarding()).thenAccept(Upload::check);
    }

    static void pause() throws InterruptedException {
        String text = System.getenv("T_PAUSE");
        Thread.sleep((long) (1000 * (text == null ? 3 : Double.parseDouble(text))));
    }

    public static void main(String[] args) throws Exception {
        CompletableFuture<Void> still = null;
        System.out.println("begin");
        switch (args[0]) {
        case "send" -> upload();
        case "future" -> later().join();
        case "executor" -> {
            ExecutorService pool = Executors.newSingleThreadExecutor();
            pool.submit(Upload::upload).get();
            pool.shutdown();
        }
        case "latch" -> {
            CountDownLatch over = new CountDownLatch(1);
            new Thread(() -> { upload(); over.countDown(); }).start();
            over.await();
        }
        case "join" -> {
            Thread thread = new Thread(Upload::upload);
            thread.start();
            thread.join();
        }
        case "forgotten" -> still = later();
        case "exit" -> later();
        case "lucky" -> { later(); pause(); }
        default -> System.exit(2);
        }
        System.out.println("end");
        if (still != null)
            still.join();
        if (args[0].equals("exit")) {
            begun.await();
            Thread.sleep(200);
        }
    }
}
