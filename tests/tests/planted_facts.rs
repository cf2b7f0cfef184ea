//! Facts planted in documents come back in reports, with their sources: real embeddings and the real language model.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use sba::{
    client::Event,
    local::{Stack, StackModel, StackOptions},
};
use sba_tests::{
    api::{User, until},
    installation::text_of,
};
use serde_json::json;

const INDEXING: Duration = Duration::from_secs(60);
const RUN: Duration = Duration::from_secs(120);
/// How many of the ten have to come back.
const ENOUGH: usize = 9;

/// A document of an invented organisation, and what only it can tell.
struct Planted {
    title: &'static str,
    /// Paragraphs; `fact` stands in the second.
    text: [&'static str; 3],
    question: &'static str,
    fact: &'static str,
}

const LIBRARY: [Planted; 10] = [
    Planted {
        title: "Brindlemoor warehouse rules",
        text: [
            "The Brindlemoor warehouse serves the northern region in three shifts. Visitors wear a yellow badge.",
            "In case of fire everybody gathers behind the Quillfeather bakery. The warden counts the staff.",
            "Deliveries are accepted from six in the morning. Drivers wait in their cab.",
        ],
        question: "Where does everybody gather in case of fire at the Brindlemoor warehouse?",
        fact: "Quillfeather bakery",
    },
    Planted {
        title: "Travel policy of the Osterlund group",
        text: [
            "Travel is booked through the travel desk. Economy class is the rule.",
            "Hotel costs are reimbursed up to 137 euros per night. Breakfast is deducted.",
            "Receipts are handed in within a month. Parking is paid against a receipt.",
        ],
        question: "Up to what amount per night are hotel costs reimbursed?",
        fact: "137 euros",
    },
    Planted {
        title: "Manual of the pump Corvix",
        text: [
            "The pump Corvix moves cooling water from the basin. Its motor is rated for 45 kilowatts.",
            "The bearings of the Corvix are greased every 2650 operating hours. Old grease is removed first.",
            "Before any work the pump is disconnected from power. Wear gloves.",
        ],
        question: "After how many operating hours are the bearings of the Corvix greased?",
        fact: "2650 operating hours",
    },
    Planted {
        title: "Data centre Vintervik",
        text: [
            "The data centre Vintervik has two halls and is cooled with water from the fjord.",
            "Its emergency generators run for 83 hours without refuelling. They are tested once a month.",
            "Three network providers reach the building on separate paths.",
        ],
        question: "How long do the emergency generators of Vintervik run without refuelling?",
        fact: "83 hours",
    },
    Planted {
        title: "Minutes of the board in June",
        text: [
            "The meeting was opened at ten by the chair. All members but one were present.",
            "The board decided to build the second plant in Tarrowgate, because of the harbour there.",
            "The financial officer presented the figures of the quarter. Revenue grew.",
        ],
        question: "Where did the board decide to build the second plant?",
        fact: "Tarrowgate",
    },
    Planted {
        title: "Report on the outage of the shop",
        text: [
            "On the eleventh of March the shop was down for an hour. Customers saw an error page.",
            "The cause of the outage was an expired certificate on the balancer Pelican. Nobody had renewed it.",
            "The team replaced it by hand. An alarm rings a month before the next one expires.",
        ],
        question: "What was the cause of the outage of the shop?",
        fact: "expired certificate",
    },
    Planted {
        title: "Lease of Hazelnut Lane",
        text: [
            "The landlord lets the office on the second floor to the tenant for five years.",
            "Either party may end the lease with a notice period of seven months. Notice is given in writing.",
            "The tenant returns the rooms clean and empty.",
        ],
        question: "What is the notice period of the lease of Hazelnut Lane?",
        fact: "seven months",
    },
    Planted {
        title: "Sensor Lumina 40",
        text: [
            "The Lumina 40 measures temperature and humidity and sends its values by radio.",
            "To reset the Lumina 40, hold the button until the lamp blinks purple. Then release it.",
            "The battery lasts about six years. The housing is waterproof.",
        ],
        question: "Which colour does the lamp of the Lumina 40 blink when it is reset?",
        fact: "purple",
    },
    Planted {
        title: "Letter to the parents of Elmscroft school",
        text: [
            "Dear parents, the new school year has begun well. The gym has been renovated.",
            "The lantern fair of Elmscroft takes place on 19 October. The classes sell cakes.",
            "Bicycles need a light in the dark season. The box of lost property is full.",
        ],
        question: "When does the lantern fair of Elmscroft take place?",
        fact: "19 October",
    },
    Planted {
        title: "Handbook of the Galewick ferry",
        text: [
            "The Galewick ferry crosses the sound twice a day. Dogs travel on the lower deck.",
            "The captain of the Galewick ferry is Marisol Venn. She has the last word on every departure.",
            "Tickets are sold on the pier. Children below six travel free.",
        ],
        question: "Who is the captain of the Galewick ferry?",
        fact: "Marisol Venn",
    },
];

/// Documents about like things, which answer none of the questions.
const DISTRACTORS: [(&str, &str); 5] = [
    ("Fire drills", "Fire drills are held twice a year in every building. The alarm is tested on Mondays."),
    ("Hotels we know", "Colleagues praise the hotels near the station. Ask for a quiet room facing the yard."),
    ("Care of pumps", "Pumps last longer when they are kept dry. Noise is a sign of worn bearings."),
    ("Notes on leases", "A lease should name the rooms, the rent and the deposit. Keep a signed copy."),
    ("Harbour festival", "The harbour festival brings ferries, captains and lanterns together each summer."),
];

#[tokio::test]
async fn planted_facts_come_back_with_their_sources() {
    let options = StackOptions { orchestrators: 1, workers: 1, model: StackModel::Embedded, ..StackOptions::default() };
    let stack = Stack::start(options, |_| {}).await.unwrap();
    let user = User::new(&stack, "Planted").await.unwrap();
    let mut documents = Vec::new();
    for planted in &LIBRARY {
        documents.push(hand_in(&stack, &user, planted.title, &planted.text.join("\n\n")).await);
    }
    for (title, text) in DISTRACTORS {
        documents.push(hand_in(&stack, &user, title, text).await);
    }
    for document in documents {
        user.client(stack.url()).unwrap().indexed(document.parse().unwrap(), INDEXING).await.unwrap();
    }
    let (mut found, mut said, mut missed) = (0, 0, Vec::new());
    for planted in &LIBRARY {
        let (report, model) = ask(&stack, &user, planted.question).await;
        said += usize::from(model.to_lowercase().contains(&planted.fact.to_lowercase()));
        if is_cited(&report, planted) {
            found += 1;
        } else {
            missed.push(format!("{}\n{report}", planted.question));
        }
    }
    println!("planted facts: {found} of 10 in reports with their source, {said} of 10 in the model's own words");
    println!("missed: {}", missed.join("\n\n"));
    assert!(found >= ENOUGH, "{found} of 10 came back");
}

/// Hands a document in; returns its id.
async fn hand_in(stack: &Stack, user: &User, title: &str, text: &str) -> String {
    let body = json!({"title": title, "source": title, "media_type": "text/markdown", "text": text});
    let (status, taken) = user.post(&format!("{}/api/v1/knowledge/documents", stack.url()), &body).await.unwrap();
    assert_eq!(status, 202, "{taken}");
    taken["document_id"].as_str().unwrap().to_owned()
}

/// The report that answers a question, and what the model wrote for its answer.
async fn ask(stack: &Stack, user: &User, question: &str) -> (String, String) {
    // Look up, answer, one section, render: an answer without sections for every document that has some of the words.
    let body = json!({"prompt": question, "options": {"max_steps": 4}});
    let (status, started) = user.post(&format!("{}/api/v1/runs", stack.url()), &body).await.unwrap();
    assert_eq!(status, 201, "{started}");
    let run = started["run_id"].as_str().unwrap().parse().unwrap();
    let client = user.client(stack.url()).unwrap();
    let mut watch = client.watch(run, None, 0).await.unwrap();
    let mut events: Vec<Event> = Vec::new();
    let ended = until("the run", RUN, async || {
        let event = tokio::time::timeout(RUN, watch.next()).await??;
        let ended = event.is_none();
        events.extend(event);
        Ok(ended.then_some(()))
    });
    ended.await.unwrap();
    let done = &events.last().unwrap().payload;
    assert_eq!(done["status"], "completed", "{done}");
    let artifact = events.iter().find(|event| event.r#type == "artifact").unwrap();
    let report = client.text(artifact.payload["url"].as_str().unwrap()).await.unwrap();
    (report, text_of(&events, 2))
}

/// Whether the report quotes the fact under the title of the document that it stands in.
fn is_cited(report: &str, planted: &Planted) -> bool {
    let Some((_, sources)) = report.split_once("\n## Sources\n") else { return false };
    let title = format!("**{}**", planted.title);
    // An entry is the line that names the document, and the quoted lines that follow it.
    sources.split("\n\n   > ").zip(sources.split("\n\n   > ").skip(1)).any(|(before, quote)| {
        let named = before.lines().last().is_some_and(|line| line.contains(&title));
        let quote = quote.split("\n\n").next().unwrap_or_default();
        named && quote.contains(planted.fact)
    })
}
