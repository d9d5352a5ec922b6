//! One of several pictures or plots that stand side by side gets the whole room by a double click, and gives it back by
//! another one or by Escape.

use egui::{Context, Id};

/// Where the name of the enlarged one of a group is kept.
fn key(group: &str) -> Id {
    Id::unique("enlarged").with(group)
}

/// The names of all groups that have had an enlarged one.
fn groups() -> Id {
    Id::unique("enlarged groups")
}

/// The name of the enlarged one of a group.
pub fn enlarged(ctx: &Context, group: &str) -> Option<String> {
    ctx.data(|d| d.get_temp::<String>(key(group))).filter(|name| !name.is_empty())
}

/// Enlarges one of a group, or gives all their room back.
pub fn toggle_enlarged(ctx: &Context, group: &str, name: &str) {
    let now = enlarged(ctx, group);
    let name = if now.as_deref() == Some(name) { String::new() } else { name.to_string() };
    ctx.data_mut(|d| {
        d.insert_temp(key(group), name);
        let all: &mut Vec<String> = d.get_temp_mut_or_default(groups());
        if !all.iter().any(|known| known == group) {
            all.push(group.into());
        }
    });
}

/// Gives all their room back; returns whether any was enlarged.
pub fn shrink_all(ctx: &Context) -> bool {
    let all: Vec<String> = ctx.data(|d| d.get_temp(groups())).unwrap_or_default();
    let any = all.iter().any(|group| enlarged(ctx, group).is_some());
    ctx.data_mut(|d| {
        for group in &all {
            d.insert_temp(key(group), String::new());
        }
    });
    any
}
