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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.internals.AppInfoParser;

/** The Java client at work for the tests: see ../ClientProgram.cs for the commands and their lines. */
public final class Client {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final BufferedReader INPUT =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "round-trip" -> roundTrip(args[1], args[2], args[3], args[4], Integer.parseInt(args[5]));
            case "member" -> member(args[1], args[2], args[3], args.length > 4 ? args[4] : "classic");
            case "large" -> large(args[1], args[2]);
            case "transact" -> transact(args[1], args[2], args[3], args[4]);
            case "version" -> say(AppInfoParser.getVersion());
            case "admin" -> administer(args[1], args[2], args[3]);
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

    private static void member(String bootstrap, String group, String topic, String protocol) throws Exception {
        var settings = new HashMap<String, Object>(Map.of(
            "bootstrap.servers", bootstrap, "group.id", group, "auto.offset.reset", "earliest",
            "group.protocol", protocol));
        if (protocol.equals("classic")) {
            settings.put("session.timeout.ms", "10000");
            settings.put("heartbeat.interval.ms", "500");
        }
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

    private static void large(String bootstrap, String topic) throws Exception {
        var random = new Random();
        try (var producer = new KafkaProducer<byte[], byte[]>(
                Map.of("bootstrap.servers", bootstrap, "max.request.size", "10000000"),
                new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int size : new int[] {900_000, 1_200_000}) {
                var value = new byte[size];
                random.nextBytes(value);
                producer.send(new ProducerRecord<>(topic, value)).get();
            }
        } catch (ExecutionException refusal) {
            say("refused " + Errors.forException(refusal.getCause()));
        }
        try (var consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrap, "auto.offset.reset", "earliest"),
                new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            var records = consumer.poll(Duration.ofSeconds(10));
            records.forEach(record -> say("size " + record.value().length));
        }
    }

    private static void transact(String bootstrap, String topic, String group, String inTopic) throws Exception {
        try (var producer = new KafkaProducer<byte[], byte[]>(
                Map.of("bootstrap.servers", bootstrap, "transactional.id", "java-" + topic),
                new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, "aborted".getBytes(StandardCharsets.UTF_8))).get();
            producer.abortTransaction();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, "committed".getBytes(StandardCharsets.UTF_8)));
            producer.sendOffsetsToTransaction(
                Map.of(new TopicPartition(inTopic, 0), new OffsetAndMetadata(1)), new ConsumerGroupMetadata(group));
            producer.commitTransaction();
        }
        try (var consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrap, "auto.offset.reset", "earliest",
                    "isolation.level", "read_committed"),
                new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            for (var record : consumer.poll(Duration.ofSeconds(10))) {
                say("read " + new String(record.value(), StandardCharsets.UTF_8));
            }
        }
    }

    private static void administer(String bootstrap, String topic, String filled) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            var configs = Map.of("retention.ms", "12345");
            admin.createTopics(List.of(new NewTopic(topic, 3, (short) 1).configs(configs))).all().get();
            sayPartitions(admin, topic);
            admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(5))).all().get();
            sayPartitions(admin, topic);
            var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
            var config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
            say("retention.ms " + config.get("retention.ms").value());
            say("offsets " + offset(admin, filled, OffsetSpec.earliest())
                + " " + offset(admin, filled, OffsetSpec.forTimestamp(1_700_000_004_500L))
                + " " + offset(admin, filled, OffsetSpec.latest()));
            say("brokers " + admin.describeCluster().nodes().get().size());
            admin.deleteTopics(List.of(topic)).all().get();
            say("deleted " + !admin.listTopics().names().get().contains(topic));
        }
    }

    private static void sayPartitions(Admin admin, String topic) throws Exception {
        var description = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
        say("partitions " + description.partitions().size());
    }

    private static long offset(Admin admin, String topic, OffsetSpec spec) throws Exception {
        var partition = new TopicPartition(topic, 0);
        return admin.listOffsets(Map.of(partition, spec)).partitionResult(partition).get().offset();
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
