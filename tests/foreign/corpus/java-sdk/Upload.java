/* Upload MODE: the corpus in Java, with the AWS SDK v2 and its transfer manager. */
import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.transfer.s3.S3TransferManager;

public class Upload {
    static final byte[] data = new byte[20 << 20];

    static CompletableFuture<?> later(S3TransferManager manager) {
        return manager.upload(u -> u.putObjectRequest(p -> p.bucket("bucket").key("key"))
            .requestBody(AsyncRequestBody.fromBytes(data))).completionFuture();
    }

    static void pause() throws InterruptedException {
        String text = System.getenv("T_PAUSE");
        Thread.sleep((long) (1000 * (text == null ? 3 : Double.parseDouble(text))));
    }

    public static void main(String[] args) throws Exception {
        CompletableFuture<?> still = null;
        if (args[0].equals("put")) {
            S3Client s3 = S3Client.create();
            System.out.println("begin");
            s3.putObject(p -> p.bucket("bucket").key("key"), RequestBody.fromBytes(data));
            System.out.println("end");
            return;
        }
        S3TransferManager manager = S3TransferManager.builder()
            .s3Client(S3AsyncClient.builder().multipartEnabled(true).build()).build();
        System.out.println("begin");
        switch (args[0]) {
        case "manager" -> later(manager).join();
        case "forgotten" -> still = later(manager);
        case "exit" -> later(manager);
        case "lucky" -> { later(manager); pause(); }
        default -> System.exit(2);
        }
        System.out.println("end");
        if (still != null)
            still.join();
        System.exit(0);
    }
}
