// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/state_store.h"

#include <filesystem>
#include <limits>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "store/database.h"
#include "store/documents.h"
#include "store/schema.h"

namespace arcella::store {
namespace {

Result<void> check_found(const Database& database, std::string_view what, const std::string& id) {
  if (database.changes() > 0) return {};
  return fail(ErrorCode::NotFound, "there is no " + std::string(what) + " '" + id + "'");
}

// An id or word that we wrote and that no longer reads.
Unexpected fail_damaged(const std::string& what) {
  return fail(ErrorCode::Io, "the state database is damaged: " + what);
}

Result<model::Component> read_component(const Statement& row) {
  auto id = model::ComponentId::parse(row.text(0));
  if (!id.has_value()) return fail_damaged(id.error().message());
  model::Component component{.id = std::move(id).value()};
  component.content_hash = row.text(1);
  component.installed_at = row.integer(2);
  ARCELLA_TRY_VOID(read_document(row.text(3), component));
  return component;
}

// The columns id, component_id, replicas, document, from `first` on; `id` may be of another table.
Result<model::DeploymentSpec> read_spec(const Statement& row, int first) {
  auto id = model::DeploymentId::parse(row.text(first));
  auto component = model::ComponentId::parse(row.text(first + 1));
  std::int64_t replicas = row.integer(first + 2);
  if (!id.has_value()) return fail_damaged(id.error().message());
  if (!component.has_value()) return fail_damaged(component.error().message());
  if (replicas < 0 || replicas > limits::kReplicasMax) {
    return fail_damaged(id.value().str() + " has " + std::to_string(replicas) + " replicas");
  }
  model::DeploymentSpec spec{.id = std::move(id).value(),
                             .component = std::move(component).value()};
  spec.replicas = static_cast<int>(replicas);
  ARCELLA_TRY_VOID(read_document(row.text(first + 3), spec));
  return spec;
}

Result<int> read_generation(std::int64_t number, const model::DeploymentId& id) {
  if (number < 1 || number > std::numeric_limits<int>::max()) {
    return fail_damaged(id.str() + " is of generation " + std::to_string(number));
  }
  return static_cast<int>(number);
}

Result<StoredDeployment> read_deployment(const Statement& row) {
  ARCELLA_TRY(model::DeploymentSpec spec, read_spec(row, 0));
  ARCELLA_TRY(int generation, read_generation(row.integer(4), spec.id));
  auto desired = model::desired_from(row.text(5));
  if (!desired) return fail_damaged("'" + row.text(5) + "' is no desired state");
  // The policy follows from spec and template, so it is not stored: it cannot contradict them.
  ARCELLA_TRY(model::PolicyFields template_fields, policy_fields_from(row.text(6)));
  model::Policy policy = model::merge(template_fields, spec.overrides);
  return StoredDeployment{{std::move(spec), std::move(policy)}, *desired, generation};
}

Result<void> insert_component(const Database& database, const model::Component& component,
                              const model::PolicyFields& template_fields) {
  ARCELLA_TRY(Statement insert,
              database.prepare("INSERT INTO component (id, content_hash, installed_at, document, "
                               "template) VALUES (?, ?, ?, ?, ?)"));
  insert.bind(1, component.id.str())
      .bind(2, component.content_hash)
      .bind(3, component.installed_at);
  insert.bind(4, to_document(component)).bind(5, to_document(template_fields));
  auto inserted = insert.run();
  if (inserted.has_value() || inserted.error().code() != ErrorCode::AlreadyExists) return inserted;
  return fail(ErrorCode::AlreadyExists, component.id.str() + " is installed already");
}

Result<void> put_deployment(const Database& database, const model::DeploymentSpec& spec) {
  ARCELLA_TRY(Statement keep,
              database.prepare("INSERT OR REPLACE INTO previous_generation (deployment_id, number, "
                               "component_id, replicas, document) SELECT id, generation, "
                               "component_id, replicas, document FROM deployment WHERE id = ?"));
  ARCELLA_TRY_VOID(keep.bind(1, spec.id.str()).run());
  ARCELLA_TRY(Statement put,
              database.prepare(
                  "INSERT INTO deployment (id, component_id, desired, replicas, document) "
                  "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO UPDATE SET "
                  "component_id = ?2, replicas = ?4, document = ?5, generation = generation + 1"));
  put.bind(1, spec.id.str()).bind(2, spec.component.str());
  put.bind(3, model::to_string(model::Desired::Stopped)).bind(4, spec.replicas);
  return put.bind(5, to_document(spec)).run();
}

}  // namespace

struct StateStore::Impl {
  Result<void> add_previous_generations(std::vector<StoredDeployment>& deployments) const;
  Result<void> put_all(const std::vector<model::Deployment>& deployments) const;

  Database database;
};

StateStore::StateStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StateStore::~StateStore() = default;

Result<std::unique_ptr<StateStore>> StateStore::open(const std::string& path) {
  if (path != ":memory:") {
    ARCELLA_TRY_VOID(make_dir_0700(std::filesystem::path(path).parent_path()));
  }
  auto with_path = [&path](const Error& error) { return fail(error.with_context(path)); };
  ARCELLA_TRY(Database database, Database::open(path));
  auto migrated = migrate(database);
  if (!migrated.has_value()) return with_path(migrated.error());
  auto impl = std::make_unique<Impl>(Impl{std::move(database)});
  return std::unique_ptr<StateStore>(new StateStore(std::move(impl)));
}

Result<std::vector<model::Component>> StateStore::load_components() const {
  std::vector<model::Component> components;
  ARCELLA_TRY(Statement rows,
              impl_->database.prepare("SELECT id, content_hash, installed_at, document "
                                      "FROM component ORDER BY id"));
  for (;;) {
    ARCELLA_TRY(bool row, rows.step());
    if (!row) return components;
    ARCELLA_TRY(model::Component component, read_component(rows));
    components.push_back(std::move(component));
  }
}

Result<std::vector<StoredDeployment>> StateStore::load_deployments() const {
  std::vector<StoredDeployment> deployments;
  ARCELLA_TRY(Statement rows,
              impl_->database.prepare(
                  "SELECT d.id, d.component_id, d.replicas, d.document, d.generation, d.desired, "
                  "c.template FROM deployment d JOIN component c ON c.id = d.component_id "
                  "ORDER BY d.id"));
  for (;;) {
    ARCELLA_TRY(bool row, rows.step());
    if (!row) break;
    ARCELLA_TRY(StoredDeployment deployment, read_deployment(rows));
    deployments.push_back(std::move(deployment));
  }
  ARCELLA_TRY_VOID(impl_->add_previous_generations(deployments));
  return deployments;
}

// `deployments` are in the order of their ids, and so are the rows.
Result<void> StateStore::Impl::add_previous_generations(
    std::vector<StoredDeployment>& deployments) const {
  ARCELLA_TRY(Statement rows,
              database.prepare("SELECT deployment_id, component_id, replicas, document, number "
                               "FROM previous_generation ORDER BY deployment_id"));
  auto at = deployments.begin();
  for (;;) {
    ARCELLA_TRY(bool row, rows.step());
    if (!row) return {};
    ARCELLA_TRY(model::DeploymentSpec spec, read_spec(rows, 0));
    ARCELLA_TRY(int number, read_generation(rows.integer(4), spec.id));
    while (at != deployments.end() && at->deployment.spec.id < spec.id) ++at;
    if (at == deployments.end() || at->deployment.spec.id != spec.id) {
      return fail_damaged("a generation of " + spec.id.str() + ", which is not there");
    }
    at->previous = model::Generation{number, std::move(spec)};
  }
}

Result<void> StateStore::add_component(const model::Component& component,
                                       const model::PolicyFields& template_fields) {
  ARCELLA_TRY(Transaction transaction, Transaction::begin(impl_->database));
  ARCELLA_TRY_VOID(insert_component(impl_->database, component, template_fields));
  return transaction.commit();
}

Result<void> StateStore::replace_component(const model::Component& component,
                                           const model::PolicyFields& template_fields) {
  ARCELLA_TRY(Transaction transaction, Transaction::begin(impl_->database));
  ARCELLA_TRY(Statement update,
              impl_->database.prepare("UPDATE component SET content_hash = ?2, installed_at = ?3, "
                                      "document = ?4, template = ?5 WHERE id = ?1"));
  update.bind(1, component.id.str())
      .bind(2, component.content_hash)
      .bind(3, component.installed_at);
  update.bind(4, to_document(component)).bind(5, to_document(template_fields));
  ARCELLA_TRY_VOID(update.run());
  if (impl_->database.changes() == 0)
    return fail(ErrorCode::NotFound, "there is no component '" + component.id.str() + "'");
  return transaction.commit();
}

Result<model::PolicyFields> StateStore::component_template(const model::ComponentId& id) const {
  ARCELLA_TRY(Statement query,
              impl_->database.prepare("SELECT template FROM component WHERE id = ?"));
  query.bind(1, id.str());
  ARCELLA_TRY(bool row, query.step());
  if (!row) return fail(ErrorCode::NotFound, "there is no component '" + id.str() + "'");
  return policy_fields_from(query.text(0));
}

Result<void> StateStore::remove_component(const model::ComponentId& id) {
  ARCELLA_TRY(Transaction transaction, Transaction::begin(impl_->database));
  ARCELLA_TRY(Statement users, impl_->database.prepare(
                                   "SELECT id FROM deployment WHERE component_id = ? ORDER BY id"));
  users.bind(1, id.str());
  std::vector<std::string> names;
  for (;;) {
    ARCELLA_TRY(bool row, users.step());
    if (!row) break;
    names.push_back(users.text(0));
  }
  if (!names.empty()) {
    return fail(ErrorCode::Conflict,
                id.str() + " is used by " + join(names, ", ") + ": undeploy first");
  }
  ARCELLA_TRY(Statement forget,
              impl_->database.prepare("DELETE FROM previous_generation WHERE component_id = ?"));
  ARCELLA_TRY_VOID(forget.bind(1, id.str()).run());
  ARCELLA_TRY(Statement remove, impl_->database.prepare("DELETE FROM component WHERE id = ?"));
  ARCELLA_TRY_VOID(remove.bind(1, id.str()).run());
  ARCELLA_TRY_VOID(check_found(impl_->database, "component", id.str()));
  return transaction.commit();
}

Result<void> StateStore::Impl::put_all(const std::vector<model::Deployment>& deployments) const {
  for (const model::Deployment& deployment : deployments) {
    const model::DeploymentSpec& spec = deployment.spec;
    ARCELLA_TRY(Statement query, database.prepare("SELECT 1 FROM component WHERE id = ?"));
    query.bind(1, spec.component.str());
    ARCELLA_TRY(bool installed, query.step());
    if (!installed) {
      return fail(ErrorCode::NotFound,
                  spec.id.str() + ": there is no component '" + spec.component.str() + "'");
    }
    ARCELLA_TRY_VOID(put_deployment(database, spec));
  }
  return {};
}

Result<void> StateStore::put_deployments(const std::vector<model::Deployment>& deployments) {
  ARCELLA_TRY(Transaction transaction, Transaction::begin(impl_->database));
  ARCELLA_TRY_VOID(impl_->put_all(deployments));
  return transaction.commit();
}

Result<void> StateStore::put_deployments(const std::vector<model::Deployment>& deployments,
                                         const model::Component& component,
                                         const model::PolicyFields& template_fields) {
  ARCELLA_TRY(Transaction transaction, Transaction::begin(impl_->database));
  ARCELLA_TRY_VOID(insert_component(impl_->database, component, template_fields));
  ARCELLA_TRY_VOID(impl_->put_all(deployments));
  return transaction.commit();
}

Result<void> StateStore::set_desired(const model::DeploymentId& id, model::Desired desired) {
  ARCELLA_TRY(Transaction transaction, Transaction::begin(impl_->database));
  ARCELLA_TRY(Statement set,
              impl_->database.prepare("UPDATE deployment SET desired = ? WHERE id = ?"));
  ARCELLA_TRY_VOID(set.bind(1, model::to_string(desired)).bind(2, id.str()).run());
  ARCELLA_TRY_VOID(check_found(impl_->database, "deployment", id.str()));
  return transaction.commit();
}

Result<void> StateStore::set_replicas(const model::DeploymentId& id, int replicas) {
  ARCELLA_TRY(Transaction transaction, Transaction::begin(impl_->database));
  ARCELLA_TRY(Statement set,
              impl_->database.prepare("UPDATE deployment SET replicas = ? WHERE id = ?"));
  ARCELLA_TRY_VOID(set.bind(1, replicas).bind(2, id.str()).run());
  ARCELLA_TRY_VOID(check_found(impl_->database, "deployment", id.str()));
  return transaction.commit();
}

Result<void> StateStore::remove_deployment(const model::DeploymentId& id) {
  ARCELLA_TRY(Transaction transaction, Transaction::begin(impl_->database));
  ARCELLA_TRY(Statement remove, impl_->database.prepare("DELETE FROM deployment WHERE id = ?"));
  ARCELLA_TRY_VOID(remove.bind(1, id.str()).run());
  ARCELLA_TRY_VOID(check_found(impl_->database, "deployment", id.str()));
  return transaction.commit();
}

}  // namespace arcella::store
