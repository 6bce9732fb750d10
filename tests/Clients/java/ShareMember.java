import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * A member of a share group, at work until its input ends: ShareMember BOOTSTRAP GROUP TOPIC MODE. The mode is implicit,
 * or explicit: then a record is acknowledged as its value says, accept, release or reject. It prints, behind the
 * machine's monotonic time in nanoseconds, "record PARTITION OFFSET DELIVERIES", "acknowledged PARTITION OFFSET" when
 * the broker has answered so, "refused PARTITION OFFSET", and at last "left". With the mode "earliest" it only has the
 * group begin at the earliest records.
 */
public final class ShareMember {
    public static void main(String[] args) throws Exception {
        if (args[3].equals("earliest"))
            begin(args[0], args[1]);
        else
            consume(args[0], args[1], args[2], args[3]);
    }

    private static void begin(String bootstrap, String group) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            var entry = new ConfigEntry("share.auto.offset.reset", "earliest");
            admin.incrementalAlterConfigs(Map.of(
                new ConfigResource(ConfigResource.Type.GROUP, group),
                List.of(new AlterConfigOp(entry, AlterConfigOp.OpType.SET)))).all().get();
        }
    }

    private static void consume(String bootstrap, String group, String topic, String mode) throws Exception {
        var properties = new Properties();
        properties.putAll(Map.of(
            "bootstrap.servers", bootstrap, "group.id", group, "share.acknowledgement.mode", mode,
            "reconnect.backoff.ms", "20", "reconnect.backoff.max.ms", "200", "retry.backoff.ms", "20"));
        var ended = new AtomicBoolean();
        var input = new Thread(() -> {
            try {
                while (System.in.read() >= 0) { }
            } catch (java.io.IOException gone) {
                // The same as an end.
            }
            ended.set(true);
        });
        input.setDaemon(true);
        input.start();
        try (var consumer = new KafkaShareConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
            consumer.setAcknowledgementCommitCallback((offsets, failure) -> offsets.forEach((partition, set) ->
                set.forEach(offset -> say((failure == null ? "acknowledged " : "refused ")
                    + partition.topicPartition().partition() + " " + offset))));
            consumer.subscribe(List.of(topic));
            while (!ended.get()) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                    say("record " + record.partition() + " " + record.offset() + " " + record.deliveryCount().orElse((short) 0));
                    if (mode.equals("explicit"))
                        consumer.acknowledge(record, AcknowledgeType.valueOf(record.value().toUpperCase()));
                }
                if (mode.equals("explicit"))
                    consumer.commitAsync();
            }
        }
        say("left");
    }

    private static synchronized void say(String line) {
        System.out.println(System.nanoTime() + " " + line);
        System.out.flush();
    }
}
