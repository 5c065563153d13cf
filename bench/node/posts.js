// The statements that both servers run, by name: node-postgres prepares a named one once per connection.

const COLUMNS = 'id, title, body, status, author_id, created_at, updated_at'

export const readPost = (id) => ({
  name: 'read_post',
  text: `select ${COLUMNS} from posts where id = $1`,
  values: [id],
})

export const readOwnPost = (id, author) => ({
  name: 'read_own_post',
  text: `select ${COLUMNS} from posts where id = $1 and author_id = $2`,
  values: [id, author],
})

export const listPosts = (author) => ({
  name: 'list_posts',
  text: `select ${COLUMNS} from posts where author_id = $1 order by created_at desc limit 20`,
  values: [author],
})

export const createPost = ({ title, body, status, author_id }) => ({
  name: 'create_post',
  text: `insert into posts (title, body, status, author_id) values ($1, $2, $3, $4) returning ${COLUMNS}`,
  values: [title, body, status, author_id],
})
