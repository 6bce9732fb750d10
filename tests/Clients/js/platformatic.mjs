// @platformatic/kafka at work for the tests: see ../ClientProgram.cs for the commands and their lines.
import crypto from 'node:crypto'
import { readFileSync } from 'node:fs'
import readline from 'node:readline'
import { Admin, ConfigResourceTypes, Consumer, FetchIsolationLevels, Producer } from '@platformatic/kafka'

const decode = text => (text === null ? undefined : Buffer.from(text, 'base64'))
const encode = bytes => (bytes === null || bytes === undefined ? null : bytes.toString('base64'))
const say = line => process.stdout.write(line + '\n')

function toMessage(topic, line) {
  const record = JSON.parse(line)
  const headers = new Map(record.headers.map(([name, value]) => [Buffer.from(name), decode(value)]))
  return {
    topic, partition: 0, key: decode(record.key), value: decode(record.value), headers,
    timestamp: BigInt(record.timestamp),
  }
}

function toLine(message) {
  const headers = [...message.headers].map(([name, value]) => [name.toString(), encode(value)])
  return JSON.stringify({
    key: encode(message.key), value: encode(message.value), headers, timestamp: Number(message.timestamp),
  })
}

/** Calls `take` with each message of a topic until it says true. */
async function consume(options, topic, take, isolationLevel = FetchIsolationLevels.READ_UNCOMMITTED) {
  const consumer = new Consumer({ ...options, groupId: 'platformatic-' + topic, maxWaitTime: 500, isolationLevel })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest' })
  for await (const message of stream) {
    if (await take(message, consumer)) break
  }
  await consumer.close(true)
}

async function roundTrip(options, [compression, outTopic, inTopic, count], input) {
  const messages = []
  for await (const line of input) messages.push(toMessage(outTopic, line))
  const producer = new Producer({ ...options, idempotent: true })
  await producer.send({ messages, compression })
  await producer.close()
  const lines = []
  await consume(options, inTopic, message => lines.push(toLine(message)) === Number(count))
  lines.forEach(say)
}

async function member(options, [groupId, topic, groupProtocol = 'classic'], input) {
  const timeouts = groupProtocol === 'classic'
    ? { sessionTimeout: 10000, heartbeatInterval: 500, rebalanceTimeout: 10000 } : {}
  const consumer = new Consumer({ ...options, groupId, groupProtocol, maxWaitTime: 500, ...timeouts })
  let told = ''
  const watch = setInterval(() => {
    const partitions = (consumer.assignments ?? []).flatMap(assignment => assignment.partitions).sort()
    const line = ['assigned', ...partitions].join(' ')
    if (line !== told) say(told = line)
  }, 50)
  const stream = await consumer.consume({
    topics: [topic], mode: 'committed', fallbackMode: 'earliest', autocommit: true,
  })
  stream.on('data', message => say(`record ${message.partition} ${message.offset}`))
  for await (const _ of input);
  clearInterval(watch)
  await stream.close()
  await consumer.close()
  say('left')
}

async function large(options, [topic]) {
  const producer = new Producer({ ...options, retries: 0 })
  const send = size => producer.send({ messages: [{ topic, value: crypto.randomBytes(size) }] })
  await send(900000)
  await send(1200000).catch(error => {
    for (const cause of [error, ...(error.errors ?? [])].flatMap(each => [each, ...(each.errors ?? [])]))
      if (cause.apiId) say('refused ' + cause.apiId)
  })
  await producer.close()
  await consume(options, topic, message => {
    say('size ' + message.value.length)
    return true
  })
}

async function transact(options, [topic, groupId, inTopic]) {
  const producer = new Producer({ ...options, idempotent: true, transactionalId: 'platformatic-' + topic })
  const aborted = await producer.beginTransaction()
  await aborted.send({ messages: [{ topic, value: Buffer.from('aborted') }] })
  await aborted.abort()
  const committed = await producer.beginTransaction()
  const consumer = new Consumer({ ...options, groupId, maxWaitTime: 500 })
  const stream = await consumer.consume({ topics: [inTopic], mode: 'earliest', autocommit: false })
  await committed.addConsumer(consumer)
  for await (const message of stream) {
    await committed.send({ messages: [{ topic, value: Buffer.from('committed') }] })
    await committed.addOffset(message)
    break
  }
  await committed.commit()
  await consumer.close(true)
  await producer.close()
  await consume(options, topic, message => {
    say('read ' + message.value)
    return true
  }, FetchIsolationLevels.READ_COMMITTED)
}

async function administer(options, [topic, filled]) {
  const admin = new Admin(options)
  const partitions = async () => {
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true })
    say('partitions ' + topics.get(topic).partitionsCount)
  }
  await admin.createTopics({ topics: [topic], partitions: 3, configs: [{ name: 'retention.ms', value: '12345' }] })
  await partitions()
  await admin.createPartitions({ topics: [{ name: topic, count: 5, assignments: null }] })
  await partitions()
  const [{ configs }] = await admin.describeConfigs({
    resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic }],
  })
  say('retention.ms ' + configs.find(config => config.name === 'retention.ms').value)
  const offset = async timestamp => {
    const partitions = [{ partitionIndex: 0, timestamp }]
    const [found] = await admin.listOffsets({ topics: [{ name: filled, partitions }] })
    return found.partitions[0].offset
  }
  say(`offsets ${await offset(-2n)} ${await offset(1700000004500n)} ${await offset(-1n)}`)
  say('brokers ' + (await admin.metadata({ topics: [] })).brokers.size)
  await admin.deleteTopics({ topics: [topic] })
  say('deleted ' + !(await admin.listTopics()).includes(topic))
  await admin.close()
}

function version() {
  say(JSON.parse(readFileSync(new URL('node_modules/@platformatic/kafka/package.json', import.meta.url))).version)
  process.exit(0)
}

const [command, bootstrap, ...rest] = process.argv.slice(2)
const input = readline.createInterface({ input: process.stdin })
const commands = { 'round-trip': roundTrip, member, large, transact, admin: administer, version }
await commands[command]({ clientId: 'platformatic', bootstrapBrokers: [bootstrap] }, rest, input)
input.close()
