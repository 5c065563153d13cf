import express from 'express'
import jwt from 'jsonwebtoken'
import pg from 'pg'
import { createPost, listPosts, readOwnPost, readPost } from './posts.js'

const { DATABASE_URL, JWT_SECRET, PORT } = process.env
const pool = new pg.Pool({ connectionString: DATABASE_URL })
const app = express()
app.disable('x-powered-by')
app.use(express.json())

function signedIn(request, response, next) {
  const token = request.get('authorization')?.replace(/^Bearer /, '')
  try {
    request.user = jwt.verify(token, JWT_SECRET, { algorithms: ['HS256'] })
  } catch {
    return response.status(401).json({ error: 'not signed in' })
  }
  next()
}

const one = (response, { rows }) =>
  rows.length ? response.json(rows[0]) : response.status(404).json({ error: 'not found' })

app.get('/posts/:id', async (request, response) => {
  one(response, await pool.query(readPost(request.params.id)))
})

app.get('/my/posts/:id', signedIn, async (request, response) => {
  one(response, await pool.query(readOwnPost(request.params.id, request.user.sub)))
})

app.get('/posts', async (request, response) => {
  const { rows } = await pool.query(listPosts(request.query.author_id))
  response.json(rows)
})

app.post('/posts', async (request, response) => {
  const { title, body, status, author_id } = request.body
  if (![title, body, status, author_id].every((value) => typeof value === 'string')) {
    return response.status(422).json({ error: 'title, body, status and author_id are required' })
  }
  const { rows } = await pool.query(createPost(request.body))
  response.status(201).json(rows[0])
})

app.post('/login', (request, response) => {
  const access_token = jwt.sign({ sub: request.body.author_id }, JWT_SECRET, { algorithm: 'HS256', expiresIn: '1h' })
  response.json({ access_token })
})

app.listen(Number(PORT), '127.0.0.1')
