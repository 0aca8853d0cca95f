import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** The job in Kafka Streams: journeys in one store, deadlines in another, which stream time passes. */
public final class Job {
    private static final String DELIVERED = "shop.parcel_delivered", ACTIVATED = "activation.line_activated";
    private static final Duration WITHIN = Duration.ofHours(4), LOOK = Duration.ofMinutes(1);

    record Event(String id, String source, String type, String time) {}

    record Journey(List<Event> events) {
        boolean has(String type) {
            return events.stream().anyMatch(event -> event.type().equals(type));
        }
    }

    record Alert(String order, long due, List<Event> events) {}

    static final class Stitch implements Processor<String, Event, String, Alert> {
        private ProcessorContext<String, Alert> context;
        private KeyValueStore<String, Journey> journeys;
        private KeyValueStore<String, String> deadlines;

        @Override
        public void init(ProcessorContext<String, Alert> context) {
            this.context = context;
            journeys = context.getStateStore("journeys");
            deadlines = context.getStateStore("deadlines");
            context.schedule(LOOK, PunctuationType.STREAM_TIME, this::passed);
        }

        @Override
        public void process(Record<String, Event> record) {
            var order = record.key();
            var journey = journeys.get(order);
            var events = journey == null ? new ArrayList<Event>() : new ArrayList<>(journey.events());
            events.add(record.value());
            journeys.put(order, new Journey(events));
            if (record.value().type().equals(DELIVERED)) {
                deadlines.put(deadline(record.timestamp() + WITHIN.toMillis()) + order, order);
            }
            Task.handled();
        }

        private void passed(long now) {
            try (var due = deadlines.range(deadline(0), deadline(now))) {
                while (due.hasNext()) {
                    var deadline = due.next();
                    var journey = journeys.get(deadline.value);
                    if (!journey.has(ACTIVATED)) {
                        var at = Long.parseLong(deadline.key.substring(0, 13));
                        context.forward(new Record<>(deadline.value, new Alert(deadline.value, at, journey.events()), at));
                    }
                    deadlines.delete(deadline.key);
                }
            }
        }

        private static String deadline(long at) {
            return "%013d".formatted(at);
        }
    }

    public static void main(String[] arguments) throws InterruptedException {
        var builder = new StreamsBuilder();
        builder.addStateStore(Stores.keyValueStoreBuilder(
            Stores.persistentKeyValueStore("journeys"), Serdes.String(), Json.of(Journey.class)));
        builder.addStateStore(Stores.keyValueStoreBuilder(
            Stores.persistentKeyValueStore("deadlines"), Serdes.String(), Serdes.String()));
        builder.stream(Task.INPUT, Consumed.with(Serdes.String(), Json.of(Event.class)))
            .process(Stitch::new, "journeys", "deadlines")
            .to(Task.OUTPUT, Produced.with(Serdes.String(), Json.of(Alert.class)));
        Task.run(builder.build());
    }

    private Job() {}
}
