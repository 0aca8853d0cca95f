import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.KeyValueStore;

/** Events counted by order in a KeyValueStore of Kafka Streams. */
public final class State {
    record Event(String time) {}

    record Count(int count, String last) {}

    public static void main(String[] arguments) throws InterruptedException {
        var builder = new StreamsBuilder();
        builder.stream(Task.INPUT, Consumed.with(Serdes.String(), Json.of(Event.class)))
            .groupByKey()
            .aggregate(
                () -> new Count(0, ""),
                (order, event, counted) -> {
                    Task.handled();
                    return new Count(counted.count() + 1, event.time());
                },
                Materialized.<String, Count, KeyValueStore<Bytes, byte[]>>as("counts")
                    .withKeySerde(Serdes.String())
                    .withValueSerde(Json.of(Count.class)));
        Task.run(builder.build());
    }
}
