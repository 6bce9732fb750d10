"""Copies a topic exactly once with confluent-kafka: copier.py BOOTSTRAP IN OUT COUNT.

Reads partition 0 of IN, writes each record to OUT and commits its position as group "copy", COUNT records in a
transaction, until it is killed. It tells each of its steps in a line, "committed" being that after a commit, and ends
after an error that ends its producer.
"""
import sys

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

PATIENCE = 30
CONNECTION = {"reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200, "log_level": 0}


def say(line):
    print(line, flush=True)


def assign_committed(consumer, topic):
    (position,) = consumer.committed([TopicPartition(topic, 0)], PATIENCE)
    consumer.assign([TopicPartition(topic, 0, max(position.offset, 0))])


def copy(producer, consumer, topic, out_topic, count):
    records = [record for record in consumer.consume(count, 0.2) if not record.error()]
    if not records:
        return
    producer.begin_transaction()
    say("began")
    for record in records:
        producer.produce(out_topic, record.value(), record.key(), partition=0)
    try:
        position = TopicPartition(topic, 0, records[-1].offset() + 1)
        producer.send_offsets_to_transaction([position], consumer.consumer_group_metadata(), PATIENCE)
        say("sent")
        producer.commit_transaction(PATIENCE)
        say("committed")
    except KafkaException as failure:
        if not failure.args[0].txn_requires_abort():
            raise
        producer.abort_transaction(PATIENCE)
        say("aborted")
        assign_committed(consumer, topic)


def main(bootstrap, topic, out_topic, count):
    producer = Producer({
        "bootstrap.servers": bootstrap, "transactional.id": "copier", "transaction.timeout.ms": 10000, "linger.ms": 1,
        "retry.backoff.ms": 20, **CONNECTION})
    producer.init_transactions(PATIENCE)
    consumer = Consumer({
        "bootstrap.servers": bootstrap, "group.id": "copy", "enable.auto.commit": False,
        "auto.offset.reset": "earliest", "isolation.level": "read_committed", "fetch.wait.max.ms": 10, **CONNECTION})
    assign_committed(consumer, topic)
    while True:
        copy(producer, consumer, topic, out_topic, int(count))


main(*sys.argv[1:])
