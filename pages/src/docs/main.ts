/** The viewer of the OpenAPI document. All addresses are relative: a proxy may remove a path prefix. */

interface Document {
  servers?: { url: string }[]
  paths: Record<string, unknown>
}

declare function SwaggerUIBundle(options: Record<string, unknown>): unknown

async function show(): Promise<void> {
  const response = await fetch('../openapi.json')
  const spec = (await response.json()) as Document
  // The document says "/", which is right for the service itself. Here the prefix comes before it.
  spec.servers = [{ url: new URL('..', location.href).pathname.replace(/\/$/, '') || '/' }]
  SwaggerUIBundle({
    spec,
    dom_id: '#swagger-ui',
    deepLinking: true,
    tryItOutEnabled: true,
    persistAuthorization: true,
    displayRequestDuration: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
  })
}

show().catch((error: unknown) => {
  console.error(error)
  document.getElementById('swagger-ui')?.append('The document could not be loaded. Please load the page again.')
})
