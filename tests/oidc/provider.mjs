// An OpenID provider of the tests' own: node provider.mjs <port> <redirect uri>. Whoever logs in as "grace:noc,ops" is grace, in these groups.
import { Provider } from "oidc-provider";

const [port, redirectUri] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "turnup", client_secret: "a-secret-of-the-tests", redirect_uris: [redirectUri], grant_types: ["authorization_code"], response_types: ["code"] }],
  pkce: { required: () => true },
  claims: { openid: ["sub"], profile: ["preferred_username", "groups"], email: ["email"] },
  cookies: { keys: ["tests"] },
  async findAccount(_, id) {
    const [name, groups = ""] = id.split(":");
    return { accountId: id, claims: async () => ({ sub: id, preferred_username: name, groups: groups.split(",").filter(Boolean) }) };
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
