"""confluent-kafka (librdkafka) at work for the tests: see ../ClientProgram.cs for the commands and their lines."""
import base64
import json
import os
import sys
import threading

import confluent_kafka
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

PATIENCE = 20


def decode(text):
    return None if text is None else base64.b64decode(text)


def encode(data):
    return None if data is None else base64.b64encode(data).decode()


def say(line):
    print(line, flush=True)


def checked(message):
    if message.error():
        raise confluent_kafka.KafkaException(message.error())
    return message


def failed(error, _message):
    if error:
        raise confluent_kafka.KafkaException(error)


def reader(bootstrap, **config):
    return Consumer({
        "bootstrap.servers": bootstrap, "auto.offset.reset": "earliest", "group.id": "reader",
        "enable.auto.commit": False, **config})


def messages(consumer):
    while True:
        message = consumer.poll(1)
        if message is not None:
            yield checked(message)


def round_trip(bootstrap, codec, out_topic, in_topic, count):
    producer = Producer({"bootstrap.servers": bootstrap, "compression.codec": codec, "enable.idempotence": True})
    for line in sys.stdin:
        record = json.loads(line)
        headers = [(name, decode(value)) for name, value in record["headers"]]
        producer.produce(
            out_topic, decode(record["value"]), decode(record["key"]), 0, on_delivery=failed,
            timestamp=record["timestamp"], headers=headers)
    producer.flush(PATIENCE)
    consumer = reader(bootstrap)
    consumer.assign([TopicPartition(in_topic, 0, 0)])
    lines = []
    for message in messages(consumer):
        lines.append(json.dumps({
            "key": encode(message.key()),
            "value": encode(message.value()),
            "headers": [[name, encode(value)] for name, value in message.headers() or []],
            "timestamp": message.timestamp()[1],
        }))
        if len(lines) == int(count):
            break
    consumer.close()
    for line in lines:
        say(line)


def member(bootstrap, group, topic):
    def assigned(_consumer, partitions):
        say(" ".join(["assigned"] + sorted(str(partition.partition) for partition in partitions)))

    consumer = Consumer({
        "bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
        "session.timeout.ms": 10000, "heartbeat.interval.ms": 500})
    consumer.subscribe([topic], on_assign=assigned)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    while not ended.is_set():
        message = consumer.poll(0.2)
        if message is not None and not message.error():
            say(f"record {message.partition()} {message.offset()}")
    consumer.close()
    say("left")


def large(bootstrap, topic):
    def refused(error, _message):
        if error:
            say("refused MESSAGE_TOO_LARGE" if error.code() == error.MSG_SIZE_TOO_LARGE else f"refused {error}")

    producer = Producer({"bootstrap.servers": bootstrap, "message.max.bytes": 10_000_000})
    for size in 900_000, 1_200_000:
        producer.produce(topic, os.urandom(size), on_delivery=refused)
        producer.flush(PATIENCE)
    consumer = reader(bootstrap)
    consumer.assign([TopicPartition(topic, 0, 0)])
    say(f"size {len(next(messages(consumer)).value())}")
    consumer.close()


def transact(bootstrap, topic, group, in_topic):
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": "confluent-" + topic})
    producer.init_transactions(PATIENCE)
    producer.begin_transaction()
    producer.produce(topic, b"aborted", on_delivery=failed)
    producer.flush(PATIENCE)
    producer.abort_transaction(PATIENCE)
    consumer = reader(bootstrap, **{"group.id": group})
    producer.begin_transaction()
    producer.produce(topic, b"committed", on_delivery=failed)
    producer.send_offsets_to_transaction(
        [TopicPartition(in_topic, 0, 1)], consumer.consumer_group_metadata(), PATIENCE)
    producer.commit_transaction(PATIENCE)
    consumer.close()
    consumer = reader(bootstrap, **{"isolation.level": "read_committed"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    say(f"read {next(messages(consumer)).value().decode()}")
    consumer.close()


def administer(bootstrap, topic, filled):
    def partitions():
        say(f"partitions {len(admin.list_topics(topic, PATIENCE).topics[topic].partitions)}")

    def done(futures):
        (future,) = futures.values()
        return future.result(PATIENCE)

    admin = AdminClient({"bootstrap.servers": bootstrap})
    done(admin.create_topics([NewTopic(topic, 3, 1, config={"retention.ms": "12345"})]))
    partitions()
    done(admin.create_partitions([NewPartitions(topic, 5)]))
    partitions()
    configs = done(admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]))
    say(f"retention.ms {configs['retention.ms'].value}")
    consumer = reader(bootstrap)
    low, high = consumer.get_watermark_offsets(TopicPartition(filled, 0), PATIENCE)
    (found,) = consumer.offsets_for_times([TopicPartition(filled, 0, 1700000004500)], PATIENCE)
    say(f"offsets {low} {found.offset} {high}")
    consumer.close()
    say(f"brokers {len(admin.list_topics(timeout=PATIENCE).brokers)}")
    done(admin.delete_topics([topic]))
    say(f"deleted {str(topic not in admin.list_topics(timeout=PATIENCE).topics).lower()}")


def version():
    say(f"{confluent_kafka.version()[0]} (librdkafka {confluent_kafka.libversion()[0]})")


commands = {
    "round-trip": round_trip, "member": member, "large": large, "transact": transact, "admin": administer,
    "version": version,
}
commands[sys.argv[1]](*sys.argv[2:])
