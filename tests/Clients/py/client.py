"""kafka-python at work for the tests: see ../Processes/ClientProgram.cs for the two commands and their lines."""
import base64
import json
import sys
import threading

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.consumer.subscription_state import ConsumerRebalanceListener


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


{"round-trip": round_trip, "member": member}[sys.argv[1]](*sys.argv[2:])
