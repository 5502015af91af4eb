// openapi-backend with a handler for everything: the example of the answer that the document describes.
const http = require('http');
const { OpenAPIBackend } = require('openapi-backend');

const [, , definition, port] = process.argv;
const api = new OpenAPIBackend({ definition, quick: true, validate: true });
const reply = (res, status, body) => {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(body));
};
api.register({
  notFound: (c, req, res) => reply(res, 404, {}),
  validationFail: (c, req, res) => reply(res, 400, c.validation.errors),
  unauthorizedHandler: (c, req, res) => reply(res, 401, {}),
  notImplemented: (c, req, res) => {
    const { status, mock } = api.mockResponseForOperation(c.operation.operationId);
    reply(res, status, mock);
  },
});
const names = Object.keys(require(definition).components.securitySchemes);
names.forEach((name) => api.registerSecurityHandler(name, (c) => Boolean(c.request.headers.authorization)));
api.init().then(() => {
  http.createServer((req, res) => {
    const url = new URL(req.url, 'http://localhost');
    const query = Object.fromEntries(url.searchParams);
    api.handleRequest({ method: req.method, path: url.pathname, query, headers: req.headers, body: '' }, req, res);
  }).listen(Number(port), '127.0.0.1');
});
