import jwt from '@fastify/jwt'
import Fastify from 'fastify'
import pg from 'pg'
import { createPost, listPosts, readOwnPost, readPost } from './posts.js'

const { DATABASE_URL, JWT_SECRET, PORT } = process.env
const pool = new pg.Pool({ connectionString: DATABASE_URL })
const app = Fastify()
await app.register(jwt, { secret: JWT_SECRET, sign: { algorithm: 'HS256', expiresIn: '1h' } })

const text = { type: 'string' }
const time = { type: 'string', format: 'date-time' }
const fields = { title: text, body: text, status: text, author_id: { type: 'string', format: 'uuid' } }
const post = { type: 'object', properties: { id: text, ...fields, created_at: time, updated_at: time } }
const error = { type: 'object', properties: { error: text } }
const params = { type: 'object', properties: { id: { type: 'string', format: 'uuid' } }, required: ['id'] }

const signedIn = async (request, reply) => {
  try {
    await request.jwtVerify()
  } catch {
    return reply.code(401).send({ error: 'not signed in' })
  }
}

const one = (reply, { rows }) => (rows.length ? rows[0] : reply.code(404).send({ error: 'not found' }))

app.get(
  '/posts/:id',
  { schema: { params, response: { 200: post, 404: error } } },
  async (request, reply) => one(reply, await pool.query(readPost(request.params.id))),
)

app.get(
  '/my/posts/:id',
  { onRequest: signedIn, schema: { params, response: { 200: post, 401: error, 404: error } } },
  async (request, reply) => one(reply, await pool.query(readOwnPost(request.params.id, request.user.sub))),
)

app.get(
  '/posts',
  {
    schema: {
      querystring: { type: 'object', properties: { author_id: fields.author_id }, required: ['author_id'] },
      response: { 200: { type: 'array', items: post } },
    },
  },
  async (request) => (await pool.query(listPosts(request.query.author_id))).rows,
)

app.post(
  '/posts',
  {
    schema: {
      body: { type: 'object', properties: fields, required: Object.keys(fields), additionalProperties: false },
      response: { 201: post },
    },
  },
  async (request, reply) => {
    const { rows } = await pool.query(createPost(request.body))
    return reply.code(201).send(rows[0])
  },
)

app.post('/login', async (request) => ({ access_token: app.jwt.sign({ sub: request.body.author_id }) }))

await app.listen({ port: Number(PORT), host: '127.0.0.1' })
