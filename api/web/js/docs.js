// The API's document on our own page: no inline script, nothing from the internet.
window.SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  // Its validator badge asks a server on the internet.
  validatorUrl: null,
});
