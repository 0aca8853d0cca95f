import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;

/** What task.py is for Python, and the program's life. */
final class Task {
    static final String INPUT = System.getenv("BENCH_INPUT");
    static final String OUTPUT = System.getenv("BENCH_OUTPUT");

    private static final int WARM = Integer.parseInt(System.getenv("BENCH_WARM"));
    private static final int ALL = Integer.parseInt(System.getenv("BENCH_EVENTS"));
    private static int handled;

    /** One more event has been handled. */
    static void handled() {
        handled++;
        if (handled == WARM || handled == ALL) {
            System.out.printf("%s %d %.6f%n", handled == ALL ? "all" : "warm", handled, System.currentTimeMillis() / 1e3);
            System.out.flush();
        }
    }

    /** Until SIGTERM. */
    static void run(Topology topology) throws InterruptedException {
        var settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, System.getenv("BENCH_GROUP"));
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, System.getenv("BENCH_BROKER"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, System.getenv("BENCH_FOLDER"));
        settings.put("auto.offset.reset", "earliest");
        var streams = new KafkaStreams(topology, settings);
        var ended = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            streams.close();
            ended.countDown();
        }));
        streams.start();
        ended.await();
    }

    private Task() {}
}
