"""kafka-python at work for the tests: see ../ClientProgram.cs for the commands and their lines."""
import base64
import json
import os
import sys
import threading

import kafka
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.errors import MessageSizeTooLargeError


def decode(text):
    return None if text is None else base64.b64decode(text)


def encode(data):
    return None if data is None else base64.b64encode(data).decode()


def say(line):
    print(line, flush=True)


def produce(bootstrap, codec, topic):
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, acks="all", compression_type=None if codec == "none" else codec, linger_ms=20)
    sent = []
    for line in sys.stdin:
        record = json.loads(line)
        headers = [(name, decode(value)) for name, value in record["headers"]]
        sent.append(producer.send(
            topic, decode(record["value"]), decode(record["key"]), headers, 0, record["timestamp"]))
    producer.flush()
    for future in sent:
        future.get()
    producer.close()


def round_trip(bootstrap, codec, out_topic, in_topic, count):
    produce(bootstrap, codec, out_topic)
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(in_topic, 0)])
    lines = []
    for record in consumer:
        lines.append(json.dumps({
            "key": encode(record.key),
            "value": encode(record.value),
            "headers": [[name, encode(value)] for name, value in record.headers],
            "timestamp": record.timestamp,
        }))
        if len(lines) == int(count):
            break
    consumer.close()
    for line in lines:
        say(line)


class Listener(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        say(" ".join(["assigned"] + sorted(str(partition.partition) for partition in assigned)))


def member(bootstrap, group, topic):
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest",
        session_timeout_ms=10000, heartbeat_interval_ms=500)
    consumer.subscribe([topic], listener=Listener())
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    while not ended.is_set():
        for partition, records in consumer.poll(timeout_ms=200).items():
            for record in records:
                say(f"record {partition.partition} {record.offset}")
    consumer.close()
    say("left")


def large(bootstrap, topic):
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=10_000_000)
    producer.send(topic, os.urandom(900_000)).get()
    try:
        producer.send(topic, os.urandom(1_200_000)).get()
    except MessageSizeTooLargeError:
        say("refused MESSAGE_TOO_LARGE")
    producer.close()
    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    say(f"size {len(next(consumer).value)}")
    consumer.close()


def administer(bootstrap, topic, filled):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(topic, 3, 1, topic_configs={"retention.ms": "12345"})])
    say(f"partitions {len(admin.describe_topics([topic])[0]['partitions'])}")
    admin.create_partitions({topic: NewPartitions(5)})
    say(f"partitions {len(admin.describe_topics([topic])[0]['partitions'])}")
    (answer,) = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    values = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    say(f"retention.ms {values['retention.ms']}")
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    partition = TopicPartition(filled, 0)
    found = consumer.offsets_for_times({partition: 1700000004500})[partition].offset
    say(f"offsets {consumer.beginning_offsets([partition])[partition]} {found} "
        f"{consumer.end_offsets([partition])[partition]}")
    consumer.close()
    say(f"brokers {len(admin.describe_cluster()['brokers'])}")
    admin.delete_topics([topic])
    say(f"deleted {str(topic not in admin.list_topics()).lower()}")
    admin.close()


def version():
    say(kafka.__version__)


commands = {"round-trip": round_trip, "member": member, "large": large, "admin": administer, "version": version}
commands[sys.argv[1]](*sys.argv[2:])
