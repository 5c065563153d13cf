// Socket.io: everybody who connects joins one room, where it says what it is told to on its standard input: `say COUNT A-SECOND TEXT`.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { serveClient: false });
io.on("connection", (socket) => socket.join("news"));
http.listen(Number(process.argv[2]), "127.0.0.1", 1024);

for await (const line of createInterface({ input: process.stdin })) {
  const [, count, rate, text] = line.match(/^say (\d+) (\d+) (.*)$/);
  const began = performance.now();
  for (let said = 0; said < Number(count); said++) {
    await setTimeout(Math.max(0, began + (said * 1000) / Number(rate) - performance.now()));
    io.to("news").emit("news", { text });
  }
}
