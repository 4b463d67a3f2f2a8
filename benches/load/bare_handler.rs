//! The lower bound for the cost of a request: actix-web without code of doorstep, and one EVALSHA over one connection
//! per worker.

use actix_web::{App, HttpResponse, HttpServer, web};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{Client, Script};
use std::sync::LazyLock;
use std::thread::available_parallelism;
use tokio::sync::OnceCell;

static COUNT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local n = redis.call('INCR', KEYS[1])
         redis.call('PEXPIRE', KEYS[1], ARGV[1])
         return n",
    )
});

struct Worker {
    client: Client,
    connection: OnceCell<MultiplexedConnection>,
}

/// First argument that starts this program as the bare handler.
pub const MODE: &str = "bare";

/// Serves `GET /` until it is killed, with the number of workers that the service has.
#[actix_web::main]
pub async fn serve(port: u16, redis: &str) {
    let client = Client::open(redis).unwrap();
    let app = move || {
        let worker = Worker { client: client.clone(), connection: OnceCell::new() };
        App::new().app_data(web::Data::new(worker)).route("/", web::get().to(count))
    };
    let workers = available_parallelism().unwrap().get();
    HttpServer::new(app).workers(workers).bind(("127.0.0.1", port)).unwrap().run().await.unwrap();
}

async fn count(worker: web::Data<Worker>) -> HttpResponse {
    let connect = || async { worker.client.get_multiplexed_async_connection().await };
    let mut connection = worker.connection.get_or_try_init(connect).await.unwrap().clone();
    let n: u64 = COUNT.key("bare").arg(300_000).invoke_async(&mut connection).await.unwrap();
    HttpResponse::Ok().json(n)
}
