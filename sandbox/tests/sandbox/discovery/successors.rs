use serde_json::{Value, json};

use super::Finder;
use crate::visitor::{Answer, send};

async fn metadata(finder: &Finder, directory: &str) -> Answer {
    finder.anonymous(&format!("{directory}/v2.0/.well-known/openid-configuration"), "").await
}

async fn graph(finder: &Finder, user: &str, path: &str) -> Answer {
    let root = finder.visitor.sandbox.describe()["cloud"]["graph"].as_str().unwrap().to_owned();
    let token = finder.visitor.issue(json!({"audience": root, "user": user}));
    send(finder.http.get(format!("{root}/v1.0/{path}")).bearer_auth(token)).await.unwrap()
}

#[tokio::test]
async fn metadata_say_where_a_domain_lives() {
    let finder = Finder::new(json!({"domains": {
        "gov.example": {"cloud": "gcc_high"},
        "mil.example": {"cloud": "dod"},
        "agency.example": {"cloud": "gcc"},
        "cn.example": {"cloud": "china"},
        "world.example": {"cloud": "global", "regionScope": "WW"},
        "here.example": {"regionSubScope": "GCC"},
        "away.example": {"cloud": "china", "refused": true},
    }}));
    let said = async |domain: &str| {
        let answer = metadata(&finder, domain).await;
        assert_eq!(answer.status, 200, "{domain}");
        let body = answer.json();
        assert!(body["token_endpoint"].as_str().unwrap().starts_with(&finder.url));
        json!([
            body["cloud_instance_name"],
            body["msgraph_host"],
            body["tenant_region_scope"],
            body["tenant_region_sub_scope"]
        ])
    };
    let own = finder.visitor.sandbox.describe()["cloud"]["graph"].as_str().unwrap().replace("http://", "");
    for (domain, expected) in [
        ("Gov.Example", json!(["microsoftonline.us", "graph.microsoft.us", "USGov", "DODCON"])),
        ("mil.example", json!(["microsoftonline.us", "dod-graph.microsoft.us", "USGov", "DOD"])),
        ("agency.example", json!(["microsoftonline.com", "graph.microsoft.com", "NA", "GCC"])),
        ("cn.example", json!(["partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn", "AS", null])),
        ("world.example", json!(["microsoftonline.com", "graph.microsoft.com", "WW", null])),
        ("here.example", json!(["sandbox", own, "EU", "GCC"])),
        ("contoso.onmicrosoft.com", json!(["sandbox", own, "EU", null])),
        ("common", json!(["sandbox", own, null, null])),
    ] {
        assert_eq!(said(domain).await, expected, "{domain}");
    }
    for (domain, number) in [("away.example", 90_038), ("nowhere.example", 90_002)] {
        let answer = metadata(&finder, domain).await;
        assert_eq!((answer.status, &answer.json()["error_codes"]), (400, &json!([number])), "{domain}");
    }
    // A tenant may move while it is looked at.
    finder.set(json!({"domains": {"contoso.onmicrosoft.com": {"cloud": "gcc_high"}}}));
    assert_eq!(said("contoso.onmicrosoft.com").await[1], "graph.microsoft.us");
}

#[tokio::test]
async fn graph_knows_the_hosts_of_sites_and_files() {
    let finder = Finder::usual();
    let sadie = "sadie.lund@contoso.onmicrosoft.com";
    let root = graph(&finder, sadie, "sites/root?$select=webUrl,siteCollection").await.json();
    assert_eq!(root["webUrl"], "https://contoso.sharepoint.com");
    assert_eq!(root["siteCollection"], json!({"hostname": "contoso.sharepoint.com"}));
    assert_eq!((root.as_object().unwrap().len(), &root["id"]), (3, &Value::Null));
    let drive = graph(&finder, sadie, "me/drive?$select=webUrl").await.json();
    let expected = "https://contoso-my.sharepoint.com/personal/sadie_lund_contoso_onmicrosoft_com/Documents";
    assert_eq!(drive["webUrl"], expected);
    assert_eq!(graph(&finder, sadie, "me/drive").await.json()["driveType"], "business");
    let wrong = graph(&finder, sadie, "me/drive?$select=webUri").await;
    assert_eq!(wrong.refusal(), (400, "BadRequest".into()));
    let personal = "sadie.lund@mail.example";
    let drive = graph(&finder, personal, "me/drive").await.json();
    assert!(drive["webUrl"].as_str().unwrap().starts_with("https://onedrive.live.com/?cid="));
    assert_eq!(graph(&finder, personal, "sites/root").await.status, 400);
    finder.visitor.control("discovery_user", json!({"name": sadie, "licensed": false}));
    for path in ["me/drive?$select=webUrl", "sites/root"] {
        assert_eq!(graph(&finder, sadie, path).await.refusal(), (404, "ResourceNotFound".into()), "{path}");
    }
}
