// Taking tokens, recording names, and looking past brackets.
#include "c_parser.h"

namespace hpcraft {

Tok Parser::take() {
    Aside aside;
    while (stream_.aside(aside)) directives_.read(aside);
    Tok token = peek();
    stream_.pop();
    if (token.is("::")) foreign_ = (foreign_ && last_.name()) || foreign(last_);
    else if (token.is(".") || token.is("->")) foreign_ = foreign_ && last_.name();
    else if (token.kind == Kind::word && !last_.is("::") && !last_.is(".") && !last_.is("->")) foreign_ = false;
    bool starts = last_.is("(") || last_.is(",");
    last_ = token;
    if (token.kind == Kind::word) {
        Spelling &spelling = names_[token.value];
        spelling.traits |= in_code;
        if (hot_) names_.fragment(spelling.text);
        pinned_ |= (spelling.traits & unbalanced) != 0;
        // A member, though a variable or type may be spelled so.
        if (starts && selects_) spelling.traits |= pin_all;
        if ((spelling.hashed || spelling.selecting) && peek().is("(")) pending_ = token.value + 1;
    } else if (token.kind == Kind::other) {
        if (token.value == op("(") || token.value == op(")") || token.value == op(",")) enter_argument(token);
    } else if (hot_ && token.kind == Kind::number) {
        names_.fragment(source_.substr(token.begin, token.end - token.begin));
    }
    return token;
}

// Keeps `hot_` and `selects_`: whether the present token is an argument that # or ## touches, or one that stands for a member.
void Parser::enter_argument(const Tok &token) {
    if (token.is("(")) {
        parentheses_++;
        if (pending_) {
            const Spelling &macro = names_[pending_ - 1];
            invocations_.push_back({parentheses_, 0, macro.hashed, macro.selecting, hot_});
            pending_ = 0;
        }
    } else if (token.is(")")) {
        if (!invocations_.empty() && invocations_.back().parenthesis == parentheses_) {
            hot_ = invocations_.back().outer;
            invocations_.pop_back();
        }
        if (parentheses_) parentheses_--;
    }
    selects_ = false;
    if (invocations_.empty() || invocations_.back().parenthesis != parentheses_) return;
    Invocation &now = invocations_.back();
    if (token.is(",")) now.argument++;
    hot_ = now.outer || (now.hashed >> std::min(now.argument, 63) & 1);
    selects_ = now.selecting >> std::min(now.argument, 63) & 1;
}

void Parser::record(const Tok &token, uint32_t symbol) {
    names_.place(token.begin, token.end, symbol);
    Meaning &meaning = names_.meaning(symbol);
    if (hot_) meaning.flags |= fixed;
    if (!(meaning.flags & called) && peek().is("(")) meaning.flags |= called;
}

void Parser::member(const Tok &token, bool declares) {
    uint32_t symbol = plus_ ? names_.outer(token.value, 'm', declares) : names_.member(token.value, declares);
    if ((declares && unknown_base_) || (!declares && foreign_)) names_.meaning(symbol).flags |= fixed;
    record(token, symbol);
}

void Parser::qualified_part(const Tok &token) {
    uint32_t symbol = names_.outer(token.value, 'v', false);
    if (foreign_) names_.meaning(symbol).flags |= fixed;
    record(token, symbol);
}

// Whether a name before `::` is a namespace or class of a header.
bool Parser::foreign(const Tok &token) {
    if (!token.name()) return false;
    if (names_[token.value].text == "std") return true;
    if (names_.includes.empty() || names_.is_local(token.value) || names_.kind_of(token.value)) return false;
    if (token.value == class_) return false;
    names_.meaning(names_.outer(token.value, 't', false)).flags |= fixed;
    return true;
}

// A name that stands for a type, whether or not the text declares it.
void Parser::mark_type(const Tok &token) {
    if (!token.name() || names_.is_local(token.value) || !names_[token.value].outer) return;
    Meaning &meaning = names_.meaning(names_[token.value].outer - 1);
    if (!(meaning.flags & declared)) meaning.kind = 't';
}

// A name that is used, `before` being the token before it.
void Parser::used(const Tok &token, const Tok &before) {
    if (before.is(".") || before.is("->")) return member(token, false);
    if (before.is("::")) return qualified_part(token);
    record(token, names_.use(token.value));
}

// The position behind the parentheses that open at `k`, or 0 if they are too long to tell.
size_t Parser::past_parentheses(size_t k) {
    int depth = 0;
    for (size_t i = k; i < k + kLookahead; i++) {
        const Tok token = peek(i);
        if (token.end_of_text()) return 0;
        if (token.kind != Kind::other) continue;
        if (token.is("(") || token.is("[") || token.is("{")) depth++;
        if ((token.is(")") || token.is("]") || token.is("}")) && --depth <= 0) return i + 1;
    }
    return 0;
}

// The position behind the template arguments that open at `k`, or 0 if it doesn't look like any.
size_t Parser::past_template(size_t k) {
    if (!plus_ || !peek(k).is("<")) return 0;
    int angle = 0, round = 0;
    for (size_t i = k; i < k + kLookahead; i++) {
        const Tok token = peek(i);
        if (token.end_of_text()) return 0;
        if (token.kind != Kind::other) continue;
        if (token.is("(") || token.is("[") || token.is("{")) round++;
        if (token.is(")") || token.is("]") || token.is("}")) {
            if (--round < 0) return 0;
        }
        if (round) continue;
        if (token.is("<")) angle++;
        if (token.is(">")) angle -= 1;
        if (token.is(">>")) angle -= 2;
        if (token.is(">>>")) angle -= 3;
        if (token.is(";") || token.is("<<<") || token.is("||")) return 0;
        if (angle <= 0) return i + 1;
    }
    return 0;
}

// The position behind `A<..>::B::c` at `k`; `callable` says whether it ends like the name of a function only.
size_t Parser::past_qualified(size_t k, bool &callable) {
    callable = false;
    size_t at = k;
    if (peek(at).is("::")) at++;
    while (true) {
        if (peek(at).is(Word::template_)) at++;
        if (peek(at).is("~") || peek(at).is(Word::operator_)) {
            callable = true;
            return at;
        }
        if (!peek(at).name() && !peek(at).is(Word::typeof_)) return at;
        at++;
        if (peek(at).is("<")) {
            size_t past = past_template(at);
            if (past) at = past;
        }
        if (!peek(at).is("::") || peek(at + 1).is("*")) return at;
        at++;
        if (at > k + kLookahead) return at;
    }
}

bool Parser::known_type(const Tok &token) { return token.name() && names_.kind_of(token.value) == 't'; }

bool Parser::known_value(const Tok &token) {
    char kind = token.name() ? names_.kind_of(token.value) : 0;
    return kind == 'v' || kind == 'f' || kind == 'm';
}

// Takes `count` tokens as plain uses.
void Parser::plain(size_t count) {
    Tok before;
    for (size_t i = 0; i < count && !peek().end_of_text(); i++) {
        bool tag = !plus_ && (before.is(Word::class_key) || before.is(Word::enum_));
        Tok token = take();
        if (token.name()) {
            if (tag) record(token, names_.tag(token.value, false));
            else used(token, before);
            if (plus_ && peek().is("<")) mark_type(token);
        }
        before = token;
    }
}

// Gives up scopes: the rest of the text is names alone, and all of one spelling are one.
void Parser::give_up() {
    pinned_ = true;
    Tok before;
    while (!peek().end_of_text()) {
        Tok token = take();
        if (token.name()) used(token, before);
        before = token;
    }
}

Analysis Parser::run() {
    directives_.survey();
    while (!peek().end_of_text()) {
        if (peek().is("}") || peek().is(")") || peek().is("]")) {
            bool macro = source_[peek().begin] != '}';
            pinned_ |= peek().is("}") && !(macro && names_.surrounded);
            take();
            continue;
        }
        item(Where::file);
    }
    take();
    directives_.flush();
    while (names_.depth()) names_.pop();
    return names_.finish(pinned_);
}

Analysis resolve_c(std::string_view source, Language language) {
    return Parser(source, language).run();
}

}  // namespace hpcraft
