// A proxy that removes a path prefix, as an ingress does: /id/v1/me becomes /v1/me.
import http from 'node:http'

export async function startProxy(target, prefix) {
  const proxy = http.createServer((request, response) => {
    if (!request.url.startsWith(`${prefix}/`)) return void response.writeHead(404).end()
    const { method, headers } = request
    const forwarded = http.request(new URL(request.url.slice(prefix.length), target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers)
      answer.pipe(response)
    })
    forwarded.on('error', () => response.destroy())
    request.pipe(forwarded)
  })
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${proxy.address().port}${prefix}/`,
    stop() {
      proxy.closeAllConnections()
      return new Promise((resolve) => proxy.close(resolve))
    },
  }
}
