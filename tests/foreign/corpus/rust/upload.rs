//! upload MODE: the corpus in Rust, with the AWS SDK on tokio.
use aws_sdk_s3::{primitives::ByteStream, types::{CompletedMultipartUpload, CompletedPart}, Client};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

static BEGUN: AtomicBool = AtomicBool::new(false);

const PART: usize = 5 << 20;

async fn upload(s3: Client) {
    let id = s3.create_multipart_upload().bucket("bucket").key("key").send().await.unwrap();
    let id = id.upload_id().unwrap().to_string();
    BEGUN.store(true, Ordering::Relaxed);
    let parts = (1..=3).map(|number| {
        let (s3, id) = (s3.clone(), id.clone());
        tokio::spawn(async move {
            let answer = s3.upload_part().bucket("bucket").key("key").upload_id(id).part_number(number)
                .body(ByteStream::from(vec![0; PART])).send().await.unwrap();
            CompletedPart::builder().part_number(number).set_e_tag(answer.e_tag).build()
        })
    });
    let mut list = CompletedMultipartUpload::builder();
    for part in parts.collect::<Vec<_>>() {
        list = list.parts(part.await.unwrap());
    }
    s3.complete_multipart_upload().bucket("bucket").key("key").upload_id(id).multipart_upload(list.build())
        .send().await.unwrap();
}

async fn pause() {
    let seconds = std::env::var("T_PAUSE").ok().and_then(|text| text.parse().ok()).unwrap_or(3.0);
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

async fn region(mode: &str) {
    let config = aws_sdk_s3::config::Builder::from(&aws_config::load_from_env().await).force_path_style(true).build();
    let s3 = Client::from_conf(config);
    let mut still = None;
    println!("begin");
    match mode {
        "put" => {
            s3.put_object().bucket("bucket").key("key").body(ByteStream::from(vec![0; PART])).send().await.unwrap();
        }
        "await" | "single" => upload(s3).await,
        "spawn" => tokio::spawn(upload(s3)).await.unwrap(),
        "forgotten" => still = Some(tokio::spawn(upload(s3))),
        "exit" => drop(tokio::spawn(upload(s3))),
        "lucky" | "single-lucky" => {
            tokio::spawn(upload(s3));
            pause().await;
        }
        _ => std::process::exit(2),
    }
    println!("end");
    while mode == "exit" && !BEGUN.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    if let Some(task) = still {
        task.await.unwrap();
    }
}

fn main() {
    let mode = std::env::args().nth(1).unwrap();
    let runtime = if mode.starts_with("single") {
        tokio::runtime::Builder::new_current_thread().enable_all().build()
    } else {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
    };
    runtime.unwrap().block_on(region(&mode));
    std::process::exit(0);
}
