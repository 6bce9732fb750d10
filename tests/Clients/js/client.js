// kafkajs at work for the tests: see ../ClientProgram.cs for the commands and their lines.
const crypto = require('crypto')
const readline = require('readline')
const { Kafka, CompressionTypes, CompressionCodecs, ConfigResourceTypes, logLevel } = require('kafkajs')
const snappy = require('snappyjs')
const lz4 = require('lz4js')
const zstd = require('@bokuweb/zstd-wasm')

const xerial = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const types = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 }

function unframeSnappy(buffer) {
  if (!buffer.subarray(0, 8).equals(xerial)) return Buffer.from(snappy.uncompress(buffer))
  const blocks = []
  for (let at = 16; at < buffer.length; ) {
    const size = buffer.readInt32BE(at)
    blocks.push(Buffer.from(snappy.uncompress(buffer.subarray(at + 4, at + 4 + size))))
    at += 4 + size
  }
  return Buffer.concat(blocks)
}

// lz4js marks its blocks as depending on earlier ones, which Kafka refuses; a batch is one block and depends on none.
function frameLz4(buffer) {
  const frame = Buffer.from(lz4.compress(buffer))
  Buffer.from([0x60, 0x70, 0x73]).copy(frame, 4)
  return frame
}

const codec = (compress, decompress) => () => ({
  compress: async encoder => Buffer.from(compress(encoder.buffer)),
  decompress: async buffer => Buffer.from(decompress(buffer)),
})
CompressionCodecs[CompressionTypes.Snappy] = codec(snappy.compress, unframeSnappy)
CompressionCodecs[CompressionTypes.LZ4] = codec(frameLz4, lz4.decompress)
CompressionCodecs[CompressionTypes.ZSTD] = codec(zstd.compress, zstd.decompress)

const decode = text => (text === null ? null : Buffer.from(text, 'base64'))
const encode = bytes => (bytes === null || bytes === undefined ? null : bytes.toString('base64'))
const say = line => process.stdout.write(line + '\n')

function toMessage(line) {
  const record = JSON.parse(line)
  const headers = {}
  for (const [name, value] of record.headers) (headers[name] ??= []).push(decode(value))
  return { key: decode(record.key), value: decode(record.value), headers, timestamp: String(record.timestamp) }
}

function toLine(message) {
  const headers = Object.entries(message.headers ?? {}).flatMap(([name, values]) =>
    [values].flat().map(value => [name, encode(value)]))
  return JSON.stringify({
    key: encode(message.key), value: encode(message.value), headers, timestamp: Number(message.timestamp),
  })
}

async function consume(kafka, topic, count) {
  const consumer = kafka.consumer({ groupId: 'kafkajs-' + topic, maxWaitTimeInMs: 500 })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const lines = []
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, event => reject(event.payload.error))
    consumer.run({
      eachMessage: async ({ message }) => {
        if (lines.push(toLine(message)) === count) resolve()
      },
    })
  })
  await consumer.disconnect()
  lines.forEach(say)
}

async function roundTrip(kafka, [codecName, outTopic, inTopic, count], input) {
  const messages = []
  for await (const line of input) messages.push(toMessage(line))
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  await producer.send({ topic: outTopic, messages, acks: -1, compression: types[codecName] })
  await producer.disconnect()
  await consume(kafka, inTopic, Number(count))
}

async function member(kafka, [groupId, topic], input) {
  const consumer = kafka.consumer({
    groupId, sessionTimeout: 10000, heartbeatInterval: 500, rebalanceTimeout: 10000, maxWaitTimeInMs: 500,
  })
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
    say(['assigned', ...(payload.memberAssignment[topic] ?? [])].join(' ')))
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message }) => say(`record ${partition} ${message.offset}`),
  })
  for await (const _ of input);
  await consumer.disconnect()
  say('left')
}

async function large(kafka, [topic]) {
  const producer = kafka.producer()
  await producer.connect()
  const send = size => producer.send({ topic, messages: [{ value: crypto.randomBytes(size) }] })
  await send(900000)
  await send(1200000).catch(error => say('refused ' + error.type))
  await producer.disconnect()
  const consumer = kafka.consumer({ groupId: 'kafkajs-' + topic, maxWaitTimeInMs: 500 })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await new Promise(resolve => consumer.run({
    eachMessage: async ({ message }) => {
      say('size ' + message.value.length)
      resolve()
    },
  }))
  await consumer.disconnect()
}

async function transact(kafka, [topic, groupId, inTopic]) {
  const producer = kafka.producer({ transactionalId: 'kafkajs-' + topic, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const aborted = await producer.transaction()
  await aborted.send({ topic, messages: [{ value: 'aborted' }] })
  await aborted.abort()
  const committed = await producer.transaction()
  await committed.send({ topic, messages: [{ value: 'committed' }] })
  await committed.sendOffsets({
    consumerGroupId: groupId, topics: [{ topic: inTopic, partitions: [{ partition: 0, offset: '1' }] }],
  })
  await committed.commit()
  await producer.disconnect()
  const consumer = kafka.consumer({ groupId: 'kafkajs-' + topic, maxWaitTimeInMs: 500, readUncommitted: false })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await new Promise(resolve => consumer.run({
    eachMessage: async ({ message }) => {
      say('read ' + message.value)
      resolve()
    },
  }))
  await consumer.disconnect()
}

async function administer(kafka, [topic, filled]) {
  const admin = kafka.admin()
  await admin.connect()
  const partitions = async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    say('partitions ' + topics[0].partitions.length)
  }
  await admin.createTopics({
    topics: [{ topic, numPartitions: 3, configEntries: [{ name: 'retention.ms', value: '12345' }] }],
  })
  await partitions()
  await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] })
  await partitions()
  const { resources } = await admin.describeConfigs({ resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }] })
  say('retention.ms ' + resources[0].configEntries.find(entry => entry.configName === 'retention.ms').configValue)
  const [ends] = await admin.fetchTopicOffsets(filled)
  const [found] = await admin.fetchTopicOffsetsByTimestamp(filled, 1700000004500)
  say(`offsets ${ends.low} ${found.offset} ${ends.high}`)
  const { brokers } = await admin.describeCluster()
  say('brokers ' + brokers.length)
  await admin.deleteTopics({ topics: [topic] })
  say('deleted ' + !(await admin.listTopics()).includes(topic))
  await admin.disconnect()
}

async function main([command, bootstrap, ...rest]) {
  if (command === 'version') return say(require('kafkajs/package.json').version)
  await zstd.init()
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR, clientId: 'kafkajs' })
  const input = readline.createInterface({ input: process.stdin })
  await { 'round-trip': roundTrip, member, large, transact, admin: administer }[command](kafka, rest, input)
}

main(process.argv.slice(2)).catch(error => {
  console.error(error)
  process.exit(1)
})
