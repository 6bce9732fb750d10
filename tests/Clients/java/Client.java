import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The Java client at work for the tests: see ../Processes/ClientProgram.cs for the two commands and their lines. */
public final class Client {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final BufferedReader INPUT =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "round-trip" -> roundTrip(args[1], args[2], args[3], args[4], Integer.parseInt(args[5]));
            case "member" -> member(args[1], args[2], args[3]);
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    private static void roundTrip(String bootstrap, String codec, String outTopic, String inTopic, int count)
            throws Exception {
        produce(bootstrap, codec, outTopic);
        var partition = new TopicPartition(inTopic, 0);
        var lines = new ArrayList<String>();
        try (var consumer = new KafkaConsumer<byte[], byte[]>(
                Map.of("bootstrap.servers", bootstrap, "auto.offset.reset", "earliest"),
                new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition));
            while (lines.size() < count) {
                for (var record : consumer.poll(Duration.ofSeconds(1))) lines.add(line(record));
            }
        }
        lines.forEach(Client::say);
    }

    private static void produce(String bootstrap, String codec, String topic) throws Exception {
        try (var producer = new KafkaProducer<byte[], byte[]>(
                Map.of("bootstrap.servers", bootstrap, "compression.type", codec, "linger.ms", "20"),
                new ByteArraySerializer(), new ByteArraySerializer())) {
            var sent = new ArrayList<Future<?>>();
            for (String text; (text = INPUT.readLine()) != null; ) {
                JsonNode record = JSON.readTree(text);
                var message = new ProducerRecord<>(
                    topic, 0, record.get("timestamp").asLong(), bytes(record.get("key")), bytes(record.get("value")));
                for (JsonNode header : record.get("headers")) {
                    message.headers().add(header.get(0).asText(), bytes(header.get(1)));
                }
                sent.add(producer.send(message));
            }
            for (var future : sent) future.get();
        }
    }

    private static void member(String bootstrap, String group, String topic) throws Exception {
        var settings = Map.<String, Object>of(
            "bootstrap.servers", bootstrap, "group.id", group, "auto.offset.reset", "earliest",
            "session.timeout.ms", "10000", "heartbeat.interval.ms", "500");
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var input = new Thread(() -> {
                untilEnd();
                consumer.wakeup();
            });
            input.setDaemon(true);
            input.start();
            consumer.subscribe(List.of(topic), new Listener(consumer));
            while (true) {
                for (var record : consumer.poll(Duration.ofSeconds(1))) {
                    say("record " + record.partition() + " " + record.offset());
                }
            }
        } catch (WakeupException ended) {
            say("left");
        }
    }

    /** Tells the whole assignment, whatever part of it is new. */
    private record Listener(KafkaConsumer<?, ?> consumer) implements ConsumerRebalanceListener {
        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            say("assigned " + consumer.assignment().stream()
                .map(partition -> Integer.toString(partition.partition())).sorted().collect(Collectors.joining(" ")));
        }
    }

    private static void untilEnd() {
        try {
            while (INPUT.readLine() != null) { }
        } catch (IOException closed) {
            // The same as the end.
        }
    }

    private static String line(ConsumerRecord<byte[], byte[]> record) {
        ObjectNode node = JSON.createObjectNode();
        node.put("key", text(record.key()));
        node.put("value", text(record.value()));
        var headers = node.putArray("headers");
        record.headers().forEach(header -> headers.addArray().add(header.key()).add(text(header.value())));
        node.put("timestamp", record.timestamp());
        return node.toString();
    }

    private static byte[] bytes(JsonNode node) {
        return node.isNull() ? null : Base64.getDecoder().decode(node.asText());
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
